INTERFACE: int

class Fetched:
    """A record of a topic, as far as anybody here looks at it."""
    def __new__(
        cls,
        topic: str,
        partition: int,
        offset: int,
        timestamp: int,
        key: bytes | None,
        value: bytes | None,
        /,
    ) -> Fetched: ...
    # read-only all of them: declared so for whoever asks for records in general
    topic: str
    partition: int
    offset: int
    timestamp: int
    """Milliseconds."""
    key: bytes | None
    value: bytes | None

def read_records(
    plain: bytes | memoryview,
    count: int,
    topic: str,
    partition: int,
    offset: int,
    timestamp: int,
    is_append_time: bool,
    begin: int,
    /,
) -> list[Fetched]:
    """Return the records of a batch, which is unpacked, from offset `begin` on.

    `offset` and `timestamp` are the first ones, to which those of a record are added; where
    `is_append_time` is true, the time is that of all. Raises `ValueError` for what is no batch of
    `count` records.
    """
