"""Benchmarks: `python -m bench NAME`, as `run.py bench` starts them."""
