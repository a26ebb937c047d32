"""The Django project that the servers serve: the sources of `apps`, as tailrace streams them and as others do."""

import gc

gc.disable()  # who leaves a source to the collector is found out
