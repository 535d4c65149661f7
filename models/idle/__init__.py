"""About to go idle: the chance that a silence that has begun becomes one of five minutes. Judged, and not run yet."""
