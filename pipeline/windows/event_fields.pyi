from pipeline.tasks.event import Event

INTERFACE: int

def take(record: bytes | None, /) -> Event | None:
    """Return of a verified event what `event_of` returns of it.

    None: it is not written as a redactor writes it, or something of it is unusual, so that
    `pipeline.storage.rows` has to read it in full.
    """
