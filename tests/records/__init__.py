"""What ops and passes say and make, compared with what they did when it was proven: `python -m tests.records`."""
