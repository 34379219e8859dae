"""RabbitMQ refuses the password (as recorded of 3.10).

why: amqp://alice:wrong@127.0.0.1:7672/
code: database-auth-failed
"""

from databases import *

rabbitmq(refuses=(403, "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile."))
stay()
