"""A stream in a terminal, as it comes: rows as a table, a document as a tree that fills in, else the last lines."""
