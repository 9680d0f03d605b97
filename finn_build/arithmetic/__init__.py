"""Pure arithmetic that both the integer compiler and the hardware ops stand on: it imports neither."""
