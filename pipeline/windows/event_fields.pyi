from typing import Any

INTERFACE: int

def take(record: bytes | None, /) -> dict[str, Any] | None:
    """Return as much of a verified event as tasks and panes are made of.

    What it returns is what `orjson.loads` has under these names, and of `source` the place. None: it
    is not written as a redactor writes it, or something of it is unusual, so that
    `pipeline.storage.rows` has to read it in full.
    """
