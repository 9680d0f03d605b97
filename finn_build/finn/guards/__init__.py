"""Passes around FINN's own, each for one thing that goes wrong there without it."""
