"""The same, as a denial of the name.

why: http://127.0.0.1.nip.io:7777/
code: dns-rebinding-blocked
"""

from fault import *

hosts("127.0.0.1 localhost")
nameserver(lambda name: None)
http(7777)
stay()
