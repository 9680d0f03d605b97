"""Faults put into RTL and Python one by one, and whether the tests see them: `python -m tests.mutants --help`."""
