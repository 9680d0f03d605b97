"""The RTL library: sources by op, the stitching of a design from them, and their lint."""
