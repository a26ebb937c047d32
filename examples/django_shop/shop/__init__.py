"""The shop: its models, its views, and what fills it."""
