"""Mosquitto wants a password, and the URL has none.

why: mqtt://127.0.0.1:7883
code: database-password-required
needs: mosquitto
"""

from databases import *

mosquitto(7883, "allow_anonymous false")
stay()
