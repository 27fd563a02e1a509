"""The sections of `scripts/benchmark.py`, one in each module."""
