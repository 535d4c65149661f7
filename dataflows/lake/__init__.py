"""Every event as files: what outlives the database, open to every tool, and named by a manifest in the database."""
