"""RabbitMQ, of which the URL has no user: no login is tried (as recorded of 3.10).

why: amqp://127.0.0.1:7672
code: reachable
"""

from databases import *

rabbitmq()
stay()
