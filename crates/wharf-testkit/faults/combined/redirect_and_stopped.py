"""nftables sends the port on to another server, which is stopped.

why: http://127.0.0.1:7777/
code: firewall-redirects, server-stopped
user: firewall-redirects
needs: nft root
"""

from fault import *

http(7777)
pid = serve_in_child(8888)
os.kill(pid, signal.SIGSTOP)
until(lambda: state(pid) == "T", "a stopped server")
sh("nft add table ip nat; nft add chain ip nat out '{ type nat hook output priority -100; }'")
sh("nft add rule ip nat out tcp dport 7777 redirect to :8888")
stay()
