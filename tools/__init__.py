"""What run.py does before there is an environment: the standard library only, Python 3.8 upward."""
