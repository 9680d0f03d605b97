"""Networks of 1-bit weights: quantizers, activations, data, two-step training, QONNX export."""
