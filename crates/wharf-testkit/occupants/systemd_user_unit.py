"""A user unit of systemd that is started again whenever it ends; another one of the same manager is to stay.

needs: root systemctl systemd
"""

import user_manager
from occupant import *

user_manager.unit("web.service", user_manager.server_unit(PORT))
user_manager.unit("api.service", user_manager.server_unit(NEIGHBOUR))
spare(user_manager.start(), "the service manager")
user_manager.systemctl("start", "web.service", "api.service")
wait_for_port(PORT)
wait_for_port(NEIGHBOUR)
doom(user_manager.main_pid("web.service"), "the unit itself")
spare(user_manager.main_pid("api.service"), "the other unit")
neighbours.append(NEIGHBOUR)
occupied()
