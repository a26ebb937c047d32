"""`tailrace` in the terminal: watch, get, download, doctor and demo. A program, not for import."""
