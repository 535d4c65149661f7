"""What the views of docs/sql.md say, found again from the log, the roster and the courses, without flows and views."""
