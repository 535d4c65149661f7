"""Moodle's log export (Reports › Logs): who acted, when, in which course, in whatever language it was written."""
