"""The class report: what the panels ask, as pages to print and as CSV."""
