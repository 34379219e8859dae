"""gunicorn: a master and two workers.

needs: gunicorn
"""

from occupant import *

typed("gunicorn -b 127.0.0.1:7777 --workers 2 wsgiref.simple_server:demo_app", PORT)
neighbour("gunicorn -b 127.0.0.1:7778 --workers 2 wsgiref.simple_server:demo_app")
occupied()
