"""The hosts file is not asked, not even for localhost.

why: http://localhost:7777/
code: nsswitch-without-files
"""

from fault import *

hosts("127.0.0.1 localhost", services="dns [NOTFOUND=return]")
nameserver(lambda name: None)
http(7777)
stay()
