"""A school that behaves: seeded, reproducible; `simulate`, the demo and the benchmarks publish what it does."""
