"""Scores as pure calculations; they know neither Bytewax nor Kafka nor SQL."""
