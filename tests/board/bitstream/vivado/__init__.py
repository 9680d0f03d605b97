"""A strict recorder of Vivado, in place of the tool.

`python -m tests.board.bitstream.vivado -mode batch -source FILE`
"""
