"""Another process's CPU time."""

from __future__ import annotations

import sys
import time


class Cpu:
    """A process's CPU seconds, user and system together."""

    def __init__(self, pid: int) -> None:
        # Linux: the clock of another process, in nanoseconds (clock_getcpuclockid(3)).
        self._clock = (~pid << 3) | 2 if sys.platform == "linux" else None
        self._pid = pid

    def read(self) -> float:
        """Seconds so far."""
        if self._clock is not None:
            return time.clock_gettime(self._clock)
        import psutil  # noqa: PLC0415 - elsewhere only

        times = psutil.Process(self._pid).cpu_times()
        return float(times.user + times.system)
