"""Two-step training and what it measures."""
