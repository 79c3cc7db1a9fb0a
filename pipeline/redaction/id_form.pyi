from typing import Any

def is_plain_id(text: str, /) -> bool:
    """Tell whether `text` is `[\\w.:/+#-]{0,256}` in ASCII, the form of an id."""

def beyond_ids(members: dict[str, Any], trusted: set[str], /) -> list[str]:
    """Return the names of those members that need a look, in order.

    None is needed where the name is trusted and the value is no container and, if it is a text, has
    the form of an id.
    """
