"""Files that arrive whole, or not under their name."""
