"""Mosquitto takes everybody.

why: mqtt://127.0.0.1:7883
code: reachable
needs: mosquitto
"""

from databases import *

mosquitto(7883, "allow_anonymous true")
stay()
