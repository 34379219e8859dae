"""A nameserver that takes questions and never answers.

why: http://shop.test:7777/
code: name-unresolved
"""

from fault import *

hosts("127.0.0.1 localhost")
silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
silent.bind(("127.0.0.1", 53))
http(7777)
stay()
