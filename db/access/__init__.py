"""Who sees which rows: of each view, for a login of some classes and for readers of numbers without students."""
