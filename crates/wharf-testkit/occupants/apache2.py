"""The Apache HTTP Server in the background: a master and its workers.

needs: apache2
"""

import glob

from occupant import *


def begin(name, port):
    modules = "".join(
        f"LoadModule {module}_module /usr/lib/apache2/modules/mod_{module}.so\n" for module in ("mpm_event", "authz_core")
    )
    text = f"ServerRoot {WORK}/{name}\nServerName localhost\nListen 127.0.0.1:{port}\nPidFile pid\nDefaultRuntimeDir {WORK}/{name}\n"
    file(f"{name}/www/index.html", "ok")
    path = file(f"{name}/apache.conf", f"{text}{modules}ErrorLog error.log\nDocumentRoot {WORK}/{name}/www\n")
    as_user(f"apache2 -f {path}")
    wait_for_port(port)


begin("shop", PORT)
begin("other", NEIGHBOUR)
for pid in named(f"{WORK}/other"):
    spare(pid, "the Apache beside it")
neighbours.append(NEIGHBOUR)
occupied()
