"""The gateway under load, beside what a team would first write."""
