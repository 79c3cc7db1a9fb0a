"""C extensions: whether what is installed was compiled from the source that calls it."""

from __future__ import annotations

from types import ModuleType


def check_interface(extension: ModuleType, expected: int) -> None:
    """Raise `ImportError` if an extension's `INTERFACE` is not the one that its caller expects.

    A library left over from before a pull would fail closed, text by text, and say nothing of why.
    """
    if getattr(extension, "INTERFACE", 0) != expected:
        source = extension.__name__.replace(".", "/")
        raise ImportError(f"{source}.c has changed: run `make setup`")
