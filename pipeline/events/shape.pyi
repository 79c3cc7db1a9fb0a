from typing import Any

def of_parsed(value: Any, /) -> tuple[int, int]:
    """Return levels of objects and arrays, the outermost being the first, and members of objects.

    What orjson returned; other containers count as values.
    """

def members_in(text: bytes, /) -> int:
    """Return how many members the objects of a document have, where each is counted.

    Valid JSON: each member has one colon outside of strings. So a parser that keeps one of two
    members with the same key returns fewer.
    """
