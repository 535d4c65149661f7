"""Bytewax dataflows: from Kafka records to rows, one folder a flow; `flows.py` lists them."""
