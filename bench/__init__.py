"""Benchmarks; each figure in docs/performance.md names the command that made it."""
