"""A hosts file without localhost, and https where plain HTTP is spoken.

why: https://localhost:7777/
code: localhost-not-in-hosts, https-to-http-port
"""

from fault import *

hosts("127.0.0.1 other")
http(7777)
stay()
