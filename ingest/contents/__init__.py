"""Content files: courses and their items, how they are read, how they reach the database."""
