"""Cycle-accurate simulation of generated designs, and their integer reference."""
