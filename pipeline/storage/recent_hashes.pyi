INTERFACE: int

class RecentHashes:
    def __new__(cls, limit: int, /) -> RecentHashes:
        """Take how many hashes come before a new table: those of two full ones are known still."""
    def add(self, event_id: str, /) -> bool:
        """Remember the hash of an id; tell whether it was new."""
    def __len__(self) -> int: ...
