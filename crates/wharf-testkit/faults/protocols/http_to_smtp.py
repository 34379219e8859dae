"""http:// at a mail server.

why: http://localhost:7777/
code: not-http
"""

from fault import *

def one(connection):
    connection.sendall(b"220 mail.test ESMTP Postfix\r\n")
    connection.recv(65536)
    connection.close()


serve(7777, one)
stay()
