"""The applications that the servers run; each records what its sources do."""
