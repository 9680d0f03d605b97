"""Every choice of each network, and which fit together; no PyTorch is needed to ask."""
