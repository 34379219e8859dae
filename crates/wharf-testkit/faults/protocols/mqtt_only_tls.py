"""Mosquitto speaks TLS only.

why: mqtt://127.0.0.1:7883
code: database-requires-tls
needs: mosquitto openssl root
"""

from databases import *

crt, key = certificate()
mosquitto(7883, f"allow_anonymous true\ncertfile {crt}\nkeyfile {key}")
stay()
