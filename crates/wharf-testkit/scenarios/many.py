"""Listens on many ports: many.py FIRST COUNT. As few processes as the limit on descriptors allows."""

import resource
import sys

import kit


def listen(ports):
    kept.extend(kit.tcp_listener(port) for port in ports)
    return {}


kept = []
first, count = int(sys.argv[1]), int(sys.argv[2])
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
share = count if hard == resource.RLIM_INFINITY else min(count, hard - 64)
owners = {}
for start in range(first, first + count, share):
    end = min(start + share, first + count)
    owners[kit.fork(lambda: listen(range(start, end)))[0]] = [start, end]
kit.ready(owners=[[pid, *ports] for pid, ports in owners.items()])
kit.obey()
