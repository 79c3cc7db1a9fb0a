INTERFACE: int

def may_hold(text: str, length: int, /) -> bool:
    """Tell whether `length` characters of base64, in either alphabet, stand in a row in `text`."""
