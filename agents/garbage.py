"""How a worker's memory is kept: for batches that die as one."""

from __future__ import annotations

import ctypes
import gc

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""glibc's numbers for them, see mallopt(3)."""
KEPT_BYTES = 64 * 1024 * 1024
MAPPED_FROM_BYTES = 16 * 1024 * 1024


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


def give_back() -> None:
    """Give freed memory back to the system, also what lies between blocks in use.

    For after something that took far more than batches do: glibc alone gives back only what lies
    at the very end of its heap. The next batches ask for their pages anew.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
