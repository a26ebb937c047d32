"""A document that is being read, and the places in it."""
