"""Another process has a hosts file of its own, which leads past the server.

why: http://shop.test:7777/ --from {client}
code: name-leads-to-other-address
user: -
"""

from fault import *

hosts("127.0.0.1 localhost shop.test")
http(7777)
with open(f"{FOLDER}/other-hosts", "w") as file:
    file.write("127.0.0.1 localhost\n127.0.0.9 shop.test\n")
client = start("unshare", "--mount", "sh", "-c", f"mount --bind {FOLDER}/other-hosts /etc/hosts && exec sleep 1000")
until(lambda: b"sleep" in open(f"/proc/{client.pid}/cmdline", "rb").read(), "the client")
stay(client=client.pid)
