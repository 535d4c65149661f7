"""What is answered: GET routes, a file a topic, their SQL in `queries/`, their cache, cursors, limits and rights."""
