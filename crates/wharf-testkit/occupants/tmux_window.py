"""A server in a window of tmux, which has another one.

needs: tmux
"""

from occupant import *

as_user("tmux new-session -d 'python3 -m http.server 7777' && tmux new-window -d 'python3 -m http.server 7778'")
wait_for_port(PORT)
wait_for_port(NEIGHBOUR)
[tmux] = [pid for pid in named("tmux new-session") if children(pid)]
spare(tmux, "tmux")
for pid in named("http.server 7778"):
    spare(pid, "the server in the other window")
neighbours.append(NEIGHBOUR)
occupied()
