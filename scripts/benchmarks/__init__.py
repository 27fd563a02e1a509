"""What `scripts/benchmark.py` measures, a section a file."""
