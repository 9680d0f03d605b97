"""Inspection of whole images: a network's windows over them, and the threshold above which an image has a defect."""
