"""An independent reading of the definitions: plain Python, one event at a time."""
