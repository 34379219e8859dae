"""RabbitMQ takes guest from localhost only (as recorded of 3.10).

why: amqp://guest:guest@127.0.0.1:7672/
code: database-host-not-allowed
"""

from databases import *

rabbitmq(refuses=(403, "ACCESS_REFUSED - PLAIN login refused: user 'guest' can only connect via localhost"))
stay()
