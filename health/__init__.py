"""The checks of `classpulse doctor`: one file a part; each check returns findings and raises nothing."""
