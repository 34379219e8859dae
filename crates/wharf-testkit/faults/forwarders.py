"""Forwarders for faults: nginx, HAProxy, Caddy, socat, ssh, docker-proxy, and containers made of a network namespace."""

import os
import subprocess
import sys
import threading

from fault import *

SCRATCH = f"{FOLDER}/scratch"
QUIET = {"stderr": subprocess.DEVNULL}


def nginx(http, port=7777, name="nginx", stream="", user="root"):
    """Starts nginx with what stands within http {}."""
    folder = f"{SCRATCH}/{name}"
    os.makedirs(folder, exist_ok=True)
    os.chmod(folder, 0o755)
    with open(f"{folder}/nginx.conf", "w") as file:
        file.write(f"user {user};\nworker_processes 1;\npid {folder}/pid;\nerror_log {folder}/error.log;\n"
                   "events { worker_connections 64; }\n"
                   f"http {{\naccess_log off;\nclient_body_temp_path {folder}/b;\nproxy_temp_path {folder}/p;\n"
                   f"fastcgi_temp_path {folder}/f;\nuwsgi_temp_path {folder}/u;\nscgi_temp_path {folder}/s;\n{http}\n}}\n")
    server = start("nginx", "-p", folder, "-c", f"{folder}/nginx.conf", "-g", "daemon off;", **QUIET)
    wait_for_port(port)
    return server


def haproxy(text, port=7777):
    """Starts HAProxy."""
    with open(f"{SCRATCH}/haproxy.cfg", "w") as file:
        file.write(f"defaults\n  mode http\n  timeout connect 500ms\n  timeout client 5s\n  timeout server 300ms\n{text}\n")
    start("haproxy", "-db", "-f", f"{SCRATCH}/haproxy.cfg", **QUIET)
    wait_for_port(port)


def caddy(text, port=7777):
    """Starts Caddy."""
    with open(f"{SCRATCH}/Caddyfile", "w") as file:
        file.write("{\n\tadmin off\n\tauto_https off\n}\n" + text + "\n")
    environment = dict(os.environ, HOME=SCRATCH, XDG_DATA_HOME=SCRATCH, XDG_CONFIG_HOME=SCRATCH)
    start("caddy", "run", "--config", f"{SCRATCH}/Caddyfile", "--adapter", "caddyfile", env=environment, **QUIET)
    wait_for_port(port, "::1")


def socat(listens, leads):
    """Starts socat."""
    start("socat", listens, leads, **QUIET)
    wait_for_port(int(listens.split(":")[1].split(",")[0]))


def ssh(forward, destination, *options):
    """Starts a server of ssh on this machine, and a tunnel through it."""
    sh(f"cd {SCRATCH} && ssh-keygen -q -t ed25519 -N '' -f key && cp key.pub authorized && chmod 600 key authorized")
    with open(f"{SCRATCH}/sshd.conf", "w") as file:
        file.write(f"Port 2222\nListenAddress 127.0.0.1\nHostKey {SCRATCH}/key\nAuthorizedKeysFile {SCRATCH}/authorized\n"
                   f"PidFile none\nStrictModes no\nUsePAM no\nPermitRootLogin yes\n")
    os.makedirs("/run/sshd", exist_ok=True)
    start("/usr/sbin/sshd", "-D", "-e", "-f", f"{SCRATCH}/sshd.conf", **QUIET)
    wait_for_port(2222)
    start("ssh", "-N", "-p", "2222", "-i", f"{SCRATCH}/key", "-o", "StrictHostKeyChecking=no",
          "-o", "UserKnownHostsFile=/dev/null", *options, "-L", forward, destination, **QUIET)
    wait_for_port(7777)


def container(address="10.9.0.2"):
    """Makes a network namespace with an address; returns a process in it, and what runs a command there."""
    inside = subprocess.Popen(["unshare", "-n", "sleep", "1000"])
    until(lambda: os.readlink(f"/proc/{inside.pid}/ns/net") != os.readlink("/proc/self/ns/net"), "a namespace")
    gateway = address.rsplit(".", 1)[0] + ".1"
    sh(f"ip link add v0 type veth peer name eth0 netns {inside.pid}; ip addr add {gateway}/24 dev v0; ip link set v0 up; "
       f"nsenter -n -t {inside.pid} sh -c 'ip addr add {address}/24 dev eth0; ip link set eth0 up; ip link set lo up'")
    return inside.pid


def serve_inside(pid, port, host):
    """Starts an HTTP server in a namespace."""
    start("nsenter", "-n", "-t", str(pid), sys.executable, "-m", "http.server", str(port), "--bind", host, cwd=SCRATCH, **QUIET)

    def listens():
        with open(f"/proc/{pid}/net/tcp") as table:
            return any(f":{port:04X} 00000000:0000 0A" in line for line in table)

    until(listens, "the server inside")


def docker_proxy(address="10.9.0.2", port=80, host="127.0.0.1", outside=7777):
    """Starts Docker's own proxy, which says at descriptor 3 that it listens."""
    reader, writer = os.pipe()
    start("sh", "-c", f'exec docker-proxy -proto tcp -host-ip {host} -host-port {outside} -container-ip {address} '
          f"-container-port {port} 3>&{writer}", pass_fds=[writer], **QUIET)
    wait_for_port(outside, host)


def hangs(port):
    """Serves connections by accepting them, and nothing else."""
    listener = tcp_listener(port)
    held = []

    def serve():
        while True:
            held.append(listener.accept())

    threading.Thread(target=serve, daemon=True).start()
