"""A name of the hosts file leads past a program that was told its port.

why: http://shop.test:7777/
code: name-leads-to-other-address
"""

from fault import *

hosts("127.0.0.1 localhost", "127.0.0.9 shop.test")
start(sys.executable, "-m", "http.server", "7777", "--bind", "127.0.0.1", stderr=subprocess.DEVNULL)
wait_for_port(7777)
stay()
