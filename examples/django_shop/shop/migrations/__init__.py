"""Its tables, as they came to be."""
