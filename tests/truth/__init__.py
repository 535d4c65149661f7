"""What the views of docs/sql say, found again from the log, the roster and the courses, without flows and views."""
