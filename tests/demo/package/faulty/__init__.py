"""A package for the index: its method without arguments makes the demo's faulty handler fail."""


class Faulty:
    """Has one."""

    @staticmethod
    def nothing() -> None:
        """Take no arguments."""
