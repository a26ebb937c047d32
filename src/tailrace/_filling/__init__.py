"""Writing a document while its parts come."""
