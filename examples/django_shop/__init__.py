"""A shop on Django: products, orders, and an audit log that is read while it is written."""
