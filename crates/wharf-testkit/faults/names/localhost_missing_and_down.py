"""A hosts file without localhost, and no server.

why: http://localhost:7777/
code: localhost-not-in-hosts, nothing-listening
"""

from fault import *

hosts("127.0.0.1 other")
stay()
