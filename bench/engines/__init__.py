"""The engines side by side: one job, one log, one broker, one core each."""
