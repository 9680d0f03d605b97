"""Rate against area over networks, boards and target rates: predicted designs, a table and a plot."""
