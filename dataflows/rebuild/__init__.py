"""Live equals rebuilt (decision 6): results recomputed from the archive, then the topics, into a shadow schema."""
