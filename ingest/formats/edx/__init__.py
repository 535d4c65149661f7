"""Open edX's tracking log: who did what in which course, each action once, whichever of its records there are."""
