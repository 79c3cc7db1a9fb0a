INTERFACE: int

class JsonRows:
    def __new__(cls, fields: tuple[tuple[int, str, str, bool, bytes], ...], /) -> JsonRows:
        """Take for each field the object it stands in, its name, its kind, whether it must be there
        and not null, and a column's name and type as a block has them.

        Objects: 0 is the record, 1 its source, 4 is outside of it; of a field that is an object
        itself, the number it has. The kinds are those of json_record.h.
        """
    def read(self, value: bytes | None, /) -> tuple[str, str, int, int, int] | None:
        """Read a record, and return its id and its source's topic, partition, offset and index;
        None if it is not written as a redactor writes, or a value does not fit its column."""
    def keep(self, cluster: str, topic: str, partition: int, offset: int, /) -> None:
        """Make what was read last a row, which stands there."""
    def take(self) -> bytes:
        """Return the columns of all rows, and begin anew."""
    def __len__(self) -> int: ...
