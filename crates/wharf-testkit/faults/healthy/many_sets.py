"""nftables with many sets, maps and chains, and connections that are tracked.

why: http://127.0.0.1:7777/
code: reachable
needs: nft root
"""

from fault import *

http(7777)
text = "table inet fw {\n"
for number in range(50):
    ports = ", ".join(str(10_000 + number * 100 + one) for one in range(100))
    text += f"set s{number} {{ type inet_service; elements = {{ {ports} }}\n }}\n"
text += "chain closed { drop\n }\nchain input { type filter hook input priority 0; policy drop;\nct state vmap { established : accept, related : accept, invalid : drop }\n"
text += "".join(f"tcp dport @s{number} goto closed\n" for number in range(50))
text += "tcp dport vmap { 22 : accept, 7777 : accept, 9999 : drop }\n}\n}\n"
with open(f"{FOLDER}/rules", "w") as file:
    file.write(text)
sh(f"nft -f {FOLDER}/rules")
stay()
