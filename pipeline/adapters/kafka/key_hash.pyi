INTERFACE: int

def partition_for_key(key: bytes, partitions: int, /) -> int:
    """Return the partition of `key` as every Kafka client has it by default (murmur2)."""
