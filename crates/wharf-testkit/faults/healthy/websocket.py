"""A WebSocket that is taken.

why: ws://localhost:7777/live
code: reachable
"""

from fault import *

websocket(7777)
stay()
