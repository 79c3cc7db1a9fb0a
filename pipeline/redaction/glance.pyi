def may_hold_any(data: bytes, /) -> bool:
    """Tell whether any of the verifier's patterns may match in `data`.

    False is a proof that none does; True proves nothing.
    """
