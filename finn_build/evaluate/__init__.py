"""What a design costs, by tools other than the simulator."""
