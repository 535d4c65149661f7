"""Alembic's environment and the versions: one Python stub and its SQL files a concern."""
