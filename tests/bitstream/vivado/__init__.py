"""A strict recorder of Vivado: `python -m tests.bitstream.vivado -mode batch -source FILE` stands in for the tool."""
