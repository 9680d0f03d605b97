"""Hardware ops, one per file, each registered with FINN when this package is imported."""
