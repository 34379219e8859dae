"""A server waits for something else and does not accept.

why: http://127.0.0.1:7777/
code: server-does-not-accept
"""

from servers import *

waits_in(server(lambda _: time.sleep(1000)), "hrtimer_nanosleep", "do_nanosleep")
stay()
