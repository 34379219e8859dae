"""A socket unit of systemd whose service has been started by the first who connected; another one is to stay.

needs: root systemctl systemd
"""

import user_manager
from occupant import *

user_manager.socket_units("late", PORT)
user_manager.socket_units("other", NEIGHBOUR)
spare(user_manager.start(), "the service manager")
user_manager.systemctl("start", "late.socket", "other.socket")
clients()
until(lambda: user_manager.main_pid("late.service") != 0, "the service to be started")
doom(user_manager.main_pid("late.service"), "the service itself")
neighbours.append(NEIGHBOUR)
occupied(client=False)
