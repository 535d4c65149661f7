"""Events in: judged as the flows judge them, stored in Kafka or on the spool, answered one by one."""
