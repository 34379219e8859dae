"""A user of RabbitMQ who may not use the virtual host (as recorded of 3.10).

why: amqp://alice:secret@127.0.0.1:7672/shop
code: database-access-denied
"""

from databases import *

rabbitmq(at_open=(530, "NOT_ALLOWED - access to vhost 'shop' refused for user 'alice'"))
stay()
