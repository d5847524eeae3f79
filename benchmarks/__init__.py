"""Benchmarks: ratios from one interleaved run, never absolute promises. `make bench`; method in docs/performance.md."""

SECRET = "0123456789abcdef0123456789abcdef"
"""The app secret that both sides of a benchmark sign with."""
