"""Bytewax dataflows: from Kafka records to rows, one file a flow."""
