"""Servers to be measured; they run in an environment of their own, which `bench.env` makes."""
