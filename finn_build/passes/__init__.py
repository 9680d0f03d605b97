"""Graph passes, one per file: import and lowering for our flow, guards and bridges for FINN's."""
