"""From the user's network and images to an integer graph."""
