"""The figures of `docs/benchmarks.md`: each a ratio to a yardstick that runs beside it, in turn, in the same run."""
