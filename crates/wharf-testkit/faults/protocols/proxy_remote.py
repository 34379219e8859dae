"""A proxy on another machine for all.

why: http://localhost:7777/
env: ALL_PROXY=http://proxy.corp.example:8080
code: proxy-catches-localhost
"""

from fault import *

http(7777)
stay()
