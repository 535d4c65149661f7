"""A school that behaves: seeded, reproducible, without Kafka; `simulate`, the demo and the benchmarks publish it."""
