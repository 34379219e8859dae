"""A queue of tc on lo is too small for any packet.

why: http://127.0.0.1:7777/
code: traffic-control-drops
needs: tc root
"""

from fault import *

http(7777)
sh("tc qdisc add dev lo root tbf rate 8bit burst 10 latency 1ms")
stay()
