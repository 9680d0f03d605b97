"""The networks, by name in `zoo`."""
