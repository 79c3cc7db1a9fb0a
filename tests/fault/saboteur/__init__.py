"""Workers with something broken in them; those whose core is broken run it uncompiled.

Compiled code calls its own methods directly: one that is replaced would never be called.
"""

from __future__ import annotations

import os
import sys
from importlib.abc import PathEntryFinder
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
)
from pathlib import Path

import pipeline

IN_THE_CORE = {"no_fence", "no_present", "no_ids", "no_state_fence"}
_CORE = Path(pipeline.__file__).parent


def prefer_sources() -> None:
    """Let modules of `pipeline` be read from their sources from here on, if they have any."""
    find = FileFinder.path_hook(
        (SourceFileLoader, SOURCE_SUFFIXES), (ExtensionFileLoader, EXTENSION_SUFFIXES)
    )

    def hook(path: str) -> PathEntryFinder:
        if not Path(path).is_relative_to(_CORE):
            raise ImportError(path)
        return find(path)

    sys.path_hooks.insert(0, hook)
    sys.path_importer_cache.clear()


if IN_THE_CORE & set(os.environ.get("SLUICE_TEST_SABOTAGE", "").split(",")):
    prefer_sources()
