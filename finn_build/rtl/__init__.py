"""The RTL library: sources by op, the template of the thin instance, and its lint."""
