"""Runs a program that may bind no TCP port at all, and connect to none but those given, as Landlock sees to it:
landlocked.py ALLOWED,… COMMAND… (landlock(7), ABI 4)."""

import ctypes
import os
import struct
import sys

import kit

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
BIND, CONNECT = 1, 2
RULE_NET_PORT = 2

kit.check(kit.libc.prctl(38, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS")
handled = struct.pack("QQ", 0, BIND | CONNECT)
ruleset = kit.check(kit.libc.syscall(CREATE_RULESET, handled, len(handled), 0), "landlock_create_ruleset")
for port in filter(None, sys.argv[1].split(",")):
    rule = ctypes.create_string_buffer(struct.pack("QQ", CONNECT, int(port)), 16)
    kit.check(kit.libc.syscall(ADD_RULE, ruleset, RULE_NET_PORT, rule, 0), "landlock_add_rule")
kit.check(kit.libc.syscall(RESTRICT_SELF, ruleset, 0), "landlock_restrict_self")
os.execvp(sys.argv[2], sys.argv[2:])
