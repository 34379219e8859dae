"""RabbitMQ takes the login (as recorded of 3.10).

why: amqp://guest:guest@127.0.0.1:7672/%2f
code: reachable
"""

from databases import *

rabbitmq()
stay()
