"""Rows to learn from: a student, a course and a local day, by what was known when that day ended."""
