"""Nothing holds the port: a connection that was closed is remembered there."""

from occupant import *

with tcp_listener(PORT) as listener:
    client = socket.create_connection(("127.0.0.1", PORT))
    connection, _ = listener.accept()
    connection.close()
    client.close()
neighbour("python3 -m http.server 7778")
occupied(client=False)
