"""An ssh server through which somebody works.

needs: root ssh sshd
user: root
code: 2
says: ssh-in-use
"""

from occupant import *

folder = f"{FOLDER}/keys"
os.mkdir(folder, 0o700)
sh(f"cd {folder} && ssh-keygen -q -t ed25519 -N '' -f key && cp key.pub authorized && chmod 600 key authorized")
with open(f"{folder}/sshd.conf", "w") as conf:
    conf.write(f"Port 7777\nListenAddress 127.0.0.1\nHostKey {folder}/key\nAuthorizedKeysFile {folder}/authorized\n"
               "PidFile none\nStrictModes no\nUsePAM no\nPermitRootLogin yes\n")
os.makedirs("/run/sshd", exist_ok=True)
daemon = start("/usr/sbin/sshd", "-D", "-e", "-f", f"{folder}/sshd.conf", stderr=subprocess.DEVNULL)
wait_for_port(PORT)
spare(daemon.pid, "the ssh server")
client = start("ssh", "-p", "7777", "-i", f"{folder}/key", "-o", "StrictHostKeyChecking=no", "-o",
               "UserKnownHostsFile=/dev/null", "root@127.0.0.1", "exec sleep 1000", stderr=subprocess.DEVNULL)
spare(client.pid, "the client")


def session():
    """Returns what runs in the session: sleep itself, and not whoever has it on a command line. What only helps to log in ends."""
    return [pid for pid in descendants(daemon.pid) if comm(pid) == "sleep"]


def comm(pid):
    try:
        with open(f"/proc/{pid}/comm") as file:
            return file.read().strip()
    except OSError:
        return ""


until(session, "the session")
[inner] = session()
while inner != daemon.pid:
    spare(inner, "the session")
    inner = int(stat(inner)[1])
occupied(client=False)
