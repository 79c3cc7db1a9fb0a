"""Workers with something broken in them; those whose core is broken run it uncompiled.

Compiled code calls its own methods directly: one that is replaced would never be called.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, SourceFileLoader
from pathlib import Path

import pipeline

IN_THE_CORE = {"no_fence", "no_present", "no_ids", "no_state_fence"}
_CORE = Path(pipeline.__file__).parent
# two loops in C, of which there is no other form
_ONLY_COMPILED = {_CORE / "redaction" / "automata", _CORE / "redaction" / "detectors"}


def prefer_sources() -> None:
    """Let modules of `pipeline` that are imported from here on be read from their sources."""
    source_finder = FileFinder.path_hook((SourceFileLoader, SOURCE_SUFFIXES))

    def hook(path: str) -> FileFinder:
        folder = Path(path)
        if not folder.is_relative_to(_CORE) or folder in _ONLY_COMPILED:
            raise ImportError(path)
        return source_finder(path)

    sys.path_hooks.insert(0, hook)
    sys.path_importer_cache.clear()


if IN_THE_CORE & set(os.environ.get("SLUICE_TEST_SABOTAGE", "").split(",")):
    prefer_sources()
