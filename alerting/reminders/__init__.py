"""Reminders to students: who is due, the letter, the ledger that keeps it one a day, and the mail server."""
