"""What manage.py can do for it."""
