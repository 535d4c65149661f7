"""The real parts that `classpulse services` and the tests start on loopback: Apache Kafka and PostgreSQL."""
