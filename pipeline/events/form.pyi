from typing import Any

Field = tuple[str, int, bool, int, int, int, int, int, frozenset[str] | None, "Form | None"]
"""Name, kinds of values (see `forms`), whether it is required, fewest and most characters of a
text, most items of a list, lowest and highest number, the texts there may be, the items' form."""

class Form:
    def __init__(self, fields: tuple[Field, ...], /) -> None: ...
    def settle(self, event: Any, /) -> bool:
        """Bring `event` to its stored form, if it is proven to be valid; tell whether it was.

        What is proven is less than what is valid. Where False comes, nothing was changed.
        """
