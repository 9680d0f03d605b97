"""Long runs: every op with parameters nobody chose, over a million beats: `python -m tests.nightly --help`."""
