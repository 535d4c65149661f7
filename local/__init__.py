"""Real parts that `classpulse services` and tests start on loopback: Kafka, PostgreSQL, Prometheus, Alertmanager."""
