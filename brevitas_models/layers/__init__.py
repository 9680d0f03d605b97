"""Quantizers and activations: what every network is made of."""
