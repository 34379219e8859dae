"""A socket unit of systemd to which nobody has connected yet: only the service manager has the socket.

needs: root systemctl systemd
"""

import user_manager
from occupant import *

user_manager.socket_units("late", PORT)
user_manager.socket_units("other", NEIGHBOUR)
spare(user_manager.start(), "the service manager")
user_manager.systemctl("start", "late.socket", "other.socket")
neighbours.append(NEIGHBOUR)
occupied(client=False)
