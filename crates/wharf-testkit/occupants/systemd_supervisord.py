"""A user unit of systemd that is supervisord, which runs two programs; only one of them is meant.

needs: root systemctl systemd python:supervisor
"""

import user_manager
from occupant import *

program = "[program:{}]\ncommand=/usr/bin/python3 -m http.server {} --bind 127.0.0.1\nautorestart=true\nstartsecs=0\n"
head = "[supervisord]\nnodaemon=true\nlogfile={0}/log\npidfile={0}/pid\nchildlogdir={0}\n[unix_http_server]\nfile={0}/sock\n" \
    "[supervisorctl]\nserverurl=unix://{0}/sock\n" \
    "[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n"
file("run/log", "")
path = file("supervisord.conf", head.format(f"{WORK}/run") + program.format("web", PORT) + program.format("api", NEIGHBOUR))
command = f"{FOLDER}/venv/bin/python {FOLDER}/venv/bin/supervisord -c {path}"
user_manager.unit("supervisor.service", f"[Service]\nExecStart={command}\nWorkingDirectory={WORK}\nRestart=always\n")
spare(user_manager.start(), "the service manager")
user_manager.systemctl("start", "supervisor.service")
wait_for_port(PORT)
wait_for_port(NEIGHBOUR)
# What ends before that comes back later.
until(lambda: open(f"{WORK}/run/log").read().count("entered RUNNING state") == 2, "both programs to count as running")
spare(user_manager.main_pid("supervisor.service"), "supervisord")
for pid in named("http.server 7778"):
    spare(pid, "the other program")
for pid in named("http.server 7777"):
    doom(pid, "the program itself")
neighbours.append(NEIGHBOUR)
occupied()
