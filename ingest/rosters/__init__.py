"""Roster files: what their rows may say, how they are read, how they reach the database."""
