"""What stands beside an application where it is used, as real programs: got, started on free ports, ended."""
