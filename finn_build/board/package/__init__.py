"""The folder for a design of one's own in Vivado, Questa or any other tool: RTL, IP-XACT script, testbench, licence."""
