"""The accelerator generator: integers, passes, ops, RTL, and the build command."""

import logging

logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)  # that there is no GPU is nobody's trouble here
