"""Databases and brokers for faults: each in a folder of its own, as an ordinary user where it refuses root."""

import glob
import os
import socket
import subprocess
import sys
import threading

from fault import *

SCRATCH = f"{FOLDER}/scratch"
NOBODY = 65534
TRUST = "host all all all trust"


def program(name):
    """Returns where a program of PostgreSQL is."""
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))
    return found[-1] if found else name


def nobody(*words, **options):
    """Runs a program as nobody, who stands in /etc/passwd; it must succeed."""
    if "input" not in options:
        options["stdin"] = subprocess.DEVNULL
    subprocess.run(words, check=True, stdout=sys.stderr, user=NOBODY, group=NOBODY, extra_groups=[], cwd=SCRATCH, **options)


def certificate():
    """Makes a certificate of its own authority for localhost; returns the paths of it and of its key."""
    paths = f"{SCRATCH}/server.crt", f"{SCRATCH}/server.key"
    with open(f"{SCRATCH}/cnf", "w") as file:
        file.write("[req]\ndistinguished_name=dn\n[dn]\n")
    nobody("openssl", "req", "-config", "cnf", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
           "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
           "-out", paths[0], "-keyout", paths[1], stderr=subprocess.DEVNULL)
    os.chmod(paths[1], 0o600)
    return paths


def postgres(port=7432, hba=TRUST, settings="", sql="", signal_file=None, host="127.0.0.1", ready=True):
    """Starts PostgreSQL with the user postgres and what `sql` makes; returns its process."""
    data = f"{SCRATCH}/pg"
    nobody(program("initdb"), "-D", data, "-A", "trust", "-U", "postgres", "--no-sync", "--no-locale", "-E", "UTF8")
    with open(f"{data}/pg_hba.conf", "w") as file:
        file.write(f"local all all trust\n{hba}\n")
    if sql:
        # In single-user mode, a statement a line.
        nobody(program("postgres"), "--single", "-D", data, "postgres", input=sql.encode())
    with open(f"{data}/postgresql.conf", "a") as file:
        file.write(f"\nfsync = off\n{settings}\n")
    if signal_file:
        nobody("touch", f"{data}/{signal_file}")
    server = start(program("postgres"), "-D", data, "-p", str(port), "-k", SCRATCH, "-h", host, user=NOBODY, group=NOBODY,
                   extra_groups=[], cwd=SCRATCH)
    if host:
        wait_for_port(port, host.split(",")[0])
    if ready:
        until(lambda: psql(port, "select 1").returncode == 0, "PostgreSQL")
    return server


def psql(port, sql):
    """Runs a statement by the Unix socket."""
    return subprocess.run([program("psql"), "-h", SCRATCH, "-p", str(port), "-U", "postgres", "-qAtc", sql],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)


def hold_postgres(port, count=1):
    """Keeps sessions open."""
    for _ in range(count):
        start(program("psql"), "-h", SCRATCH, "-p", str(port), "-U", "postgres", "-qAtc", "select pg_sleep(1000)",
              stderr=subprocess.DEVNULL)


def mariadb(port=7306, sql="", *options, root="normal", host="127.0.0.1"):
    """Starts MariaDB, which runs `sql` at its start."""
    # Names of temporary files have the pid, which others have in namespaces of their own: /tmp is no place for them.
    data = f"{SCRATCH}/maria"
    sh(f"mariadb-install-db --no-defaults --datadir={data} --auth-root-authentication-method={root} --skip-test-db "
       f"--user=root --tmpdir={SCRATCH} >{SCRATCH}/log 2>&1 || {{ cat {SCRATCH}/log; exit 1; }}")
    with open(f"{SCRATCH}/init.sql", "w") as file:
        # A statement a line.
        file.write(sql.replace("; ", ";\n") + "\n")
    words = ["mariadbd", "--no-defaults", "--user=root", f"--datadir={data}", f"--tmpdir={SCRATCH}", f"--socket={SCRATCH}/mysqld.sock",
             f"--port={port}", f"--bind-address={host}", f"--init-file={SCRATCH}/init.sql",
             "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=8M", *options]
    log = open(f"{SCRATCH}/log", "a")
    server = start(*words, stderr=log)
    until(lambda: "ready for connections" in open(f"{SCRATCH}/log").read(), "MariaDB")
    return server


def redis(port=7379, *options, host="127.0.0.1"):
    """Starts Redis; returns its process."""
    hosts = host.split()
    words = ["redis-server", "--port", str(port), "--bind", *hosts, "--save", "", "--dir", SCRATCH, *options]
    server = start(*words)
    if port:
        wait_for_port(port, hosts[0])
    return server


def redis_says(port, *words):
    """Gives a command to Redis, and returns the first line of its answer."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b" ".join(word.encode() for word in words) + b"\r\n")
        return client.makefile().readline().strip()


def mosquitto(port=7883, settings=""):
    """Starts Mosquitto."""
    with open(f"{SCRATCH}/mosquitto.conf", "w") as file:
        file.write(f"listener {port} 127.0.0.1\nuser root\npersistence false\n{settings}\n")
    server = start("mosquitto", "-c", f"{SCRATCH}/mosquitto.conf", stderr=subprocess.DEVNULL)
    wait_for_port(port)
    return server


def peer(port, talk):
    """Serves each connection by `talk(connection)`: a server that cannot be had here, as it was recorded."""
    listener = tcp_listener(port)

    def one(connection):
        with connection:
            try:
                talk(connection)
            except OSError:
                pass

    def serve():
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=one, args=(connection,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()


def rabbitmq(port=7672, refuses=None, at_open=None):
    """A peer that says what RabbitMQ 3.10 says: Start, then a refusal of the login, or of the virtual host."""

    def text(text):
        return bytes([len(text)]) + text.encode()

    def long(data):
        return len(data).to_bytes(4, "big") + data

    def method(number, body):
        return b"\1\0\0" + long(bytes([0, 10, 0, number]) + body) + b"\xce"

    def frame(connection):
        head = connection.recv(7, socket.MSG_WAITALL)
        return connection.recv(int.from_bytes(head[3:], "big") + 1, socket.MSG_WAITALL)

    def close(code, words):
        return method(50, code.to_bytes(2, "big") + text(words) + bytes(4))

    def talk(connection):
        connection.recv(8, socket.MSG_WAITALL)
        table = text("product") + b"S" + long(b"RabbitMQ") + text("version") + b"S" + long(b"3.10.8")
        connection.sendall(method(10, b"\0\x09" + long(table) + long(b"AMQPLAIN PLAIN") + long(b"en_US")))
        frame(connection)
        if refuses:
            connection.sendall(close(*refuses))
        else:
            connection.sendall(method(30, bytes([7, 255, 0, 2, 0, 0, 0, 60])))
            frame(connection)
            frame(connection)
            connection.sendall(close(*at_open) if at_open else method(41, b"\0"))
        connection.recv(100)

    peer(port, talk)
