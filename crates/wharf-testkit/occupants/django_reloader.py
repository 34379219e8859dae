"""Django's development server with its reloader.

needs: python:django
"""

from occupant import *

as_user("python -m django startproject shop")
typed("python manage.py runserver 7777", PORT, folder=f"{WORK}/shop")
neighbour("python manage.py runserver --noreload 7778", folder=f"{WORK}/shop")
occupied()
