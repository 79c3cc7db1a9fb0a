"""How a worker's memory is kept: for batches that die as one."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import resource
from collections.abc import Callable
from pathlib import Path

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""glibc's numbers for them, see mallopt(3)."""
KEPT_BYTES = 64 * 1024 * 1024
MAPPED_FROM_BYTES = 16 * 1024 * 1024
LOOK_SECONDS = 5.0
GROWN_BYTES = 16 * 1024 * 1024


def settle() -> None:
    """Collect less often, never look again at what was made until now, and keep freed memory.

    A batch makes thousands of objects that all die with it by their reference counts; collecting
    amid it is lost time, and so is walking over word lists and modules each time. Freed memory goes
    back to the system at once where glibc has 128 KB of it, and each page of the next batch is then
    a page fault: about one for each event, a tenth of what the aggregator does. So up to
    `KEPT_BYTES` of it are kept. Other C libraries stay as they are.
    """
    gc.set_threshold(100_000, 20, 20)
    gc.freeze()
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_TRIM_THRESHOLD, KEPT_BYTES)
        # setting one threshold ends the adaptation of the other: large blocks would be mapped anew
        mallopt(_MMAP_THRESHOLD, MAPPED_FROM_BYTES)


def resident_bytes() -> int:
    """Return how much memory the process has, 0 where the system has no /proc."""
    try:
        pages = Path("/proc/self/statm").read_text().split()[1]
    except OSError:
        return 0
    return int(pages) * resource.getpagesize()


class MemoryReturn:
    """Gives freed memory back to the system when a worker has grown; a service of its own.

    What batches leave behind comes to lie between values that stay, where glibc alone never gives
    it back: under overload that is a tenth of a worker. Giving back takes a millisecond, and the
    next batches ask for their pages anew, so it is left alone where nothing has grown.
    """

    def __init__(self, resident: Callable[[], int] = resident_bytes) -> None:
        """`resident` returns the bytes that the worker has from the system."""
        self._resident = resident
        self._least = 0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._look_again())

    async def stop(self) -> None:
        """Stop looking."""
        if self._task is not None:
            self._task.cancel()

    async def _look_again(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.look()

    def look(self) -> None:
        """Give memory back if the worker has grown by `GROWN_BYTES` since it last was smallest."""
        now = self._resident()
        if now > self._least + GROWN_BYTES:
            give_back()
            self._least = self._resident()
        else:
            self._least = min(self._least, now)


def give_back() -> None:
    """Give freed memory back to the system, also what lies between blocks in use."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
