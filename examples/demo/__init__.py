"""The demo: real data from the machine it runs on, each source from one handler, in every format."""
