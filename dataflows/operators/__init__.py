"""Event-time operators over micro-batches: columns in, columns out."""
