def is_plain_id(text: str, /) -> bool:
    """Tell whether `text` is `[\\w.:/+#-]{0,256}` in ASCII, the form of an id."""
