"""The promises on Django, held against real servers; what the tests share is of `tests.servers`."""
