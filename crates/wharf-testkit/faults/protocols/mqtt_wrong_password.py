"""Mosquitto refuses the password.

why: mqtt://alice:wrong@127.0.0.1:7883
code: database-auth-failed
needs: mosquitto
"""

from databases import *

sh(f"touch {SCRATCH}/passwords; mosquitto_passwd -b {SCRATCH}/passwords alice secret")
mosquitto(7883, f"password_file {SCRATCH}/passwords\nallow_anonymous false")
stay()
