"""The `classpulse` command: one file a command."""
