"""From the integer graph to a folded and buffered graph of hardware ops."""
