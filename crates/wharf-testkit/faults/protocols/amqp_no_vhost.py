"""RabbitMQ has no such virtual host (as recorded of 3.10).

why: amqp://guest:guest@127.0.0.1:7672/shop
code: database-missing
"""

from databases import *

rabbitmq(at_open=(530, "NOT_ALLOWED - vhost shop not found"))
stay()
