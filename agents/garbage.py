"""How a worker's garbage collector is set: for batches that die as one."""

from __future__ import annotations

import gc


def settle() -> None:
    """Collect less often, and never look again at what was made until now.

    A batch makes thousands of objects that all die with it by their reference counts; collecting
    amid it is lost time, and so is walking over word lists and modules each time.
    """
    gc.set_threshold(100_000, 20, 20)
    gc.freeze()
