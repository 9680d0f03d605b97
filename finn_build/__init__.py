"""The accelerator generator: integers, passes, ops, RTL, and the build command."""
