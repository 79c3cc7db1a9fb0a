"""The end of a worker that met what nobody foresaw."""

from __future__ import annotations

import logging
import os
import sys
import traceback

logger = logging.getLogger(__name__)

EXIT_UNFORESEEN = 70
"""Exit code of `fail_stop` (EX_SOFTWARE of sysexits.h)."""


def fail_stop(error: BaseException) -> None:
    """End the process at once, with nothing finished or committed on the way out.

    The log gets the kind of error and where it was raised. Its message is left out: it may quote
    the event, and logs must hold no event content.
    """
    frames = traceback.extract_tb(error.__traceback__)
    where = " < ".join(
        f"{frame.filename}:{frame.lineno} {frame.name}" for frame in reversed(frames)
    )
    logger.critical("unforeseen %s, the worker stops: %s", type(error).__qualname__, where)
    logging.shutdown()
    sys.stderr.flush()
    os._exit(EXIT_UNFORESEEN)
