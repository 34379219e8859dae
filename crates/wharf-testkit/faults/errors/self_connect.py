"""A client is connected with itself, where its server should be.

why: 127.0.0.1:40000
code: self-connect
"""

from fault import *

both = socket.socket()
both.bind(("127.0.0.1", 40000))
both.connect(("127.0.0.1", 40000))
stay()
