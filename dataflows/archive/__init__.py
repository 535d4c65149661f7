"""What the `archive` flow keeps: every accepted event, every reject, and who is enrolled."""
