"""Kafka: topics, task keys, the micro-batch source, ticks and dead letters."""
