"""What comes in as files: logs of other platforms, rosters, contents."""
