"""A strict recorder of Vitis HLS, with a C simulation that is real."""
