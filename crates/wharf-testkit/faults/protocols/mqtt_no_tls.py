"""The URL asks for TLS, and Mosquitto has none.

why: mqtts://127.0.0.1:7883
code: database-has-no-tls
needs: mosquitto
"""

from databases import *

mosquitto(7883, "allow_anonymous true")
stay()
