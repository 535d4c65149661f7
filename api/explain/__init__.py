"""How a number came about: its formula, what went into it, how far the data were, and whether it may still change."""
