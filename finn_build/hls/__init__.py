"""The second back end: the hardware graph as C++ for Vitis HLS, beside the RTL (`lib/` is its library)."""
