"""The flow `stuck`: who is stuck where, since when, by what evidence."""
