"""When a rule would have called: the archive played again, the rule's own SQL, and what Grafana makes of it."""
