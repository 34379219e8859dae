"""A server that answers a page without a head.

why: http://127.0.0.1:7777/
code: not-http
"""

from fault import *

http(7777, reply=b"<html>hello</html>\n")
stay()
