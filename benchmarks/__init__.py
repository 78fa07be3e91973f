"""Ours and stock, side by side in one run: ``make bench``, or ``python -m benchmarks accept``."""
