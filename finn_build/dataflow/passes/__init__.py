"""Graph passes, one per file, in the order that `pipeline.py` gives them."""
