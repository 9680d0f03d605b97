"""All that only FINN wants: its environment, its HLS layers, the guards around its passes, its shell."""
