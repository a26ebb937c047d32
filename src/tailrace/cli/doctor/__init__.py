"""Does it really stream? What was seen, apart from what it means."""
