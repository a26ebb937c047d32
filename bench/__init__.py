"""Benchmarks: `python -m bench bulk` and `python -m bench live`."""
