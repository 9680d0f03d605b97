"""From the stitched design to a board: shell, bitstream, driver, notebook."""
