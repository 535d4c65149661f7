"""The embedded default, for demos and quick tests: PostgreSQL from a wheel, a broker in memory."""
