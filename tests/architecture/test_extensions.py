"""A C extension that was compiled from another state of its source says so when it is imported."""

from __future__ import annotations

from types import ModuleType

import pytest

from pipeline.extensions import check_interface


def test_an_extension_of_another_interface_names_its_source_and_the_remedy() -> None:
    extension = ModuleType("pipeline.windows.centroids")
    expected = r"^pipeline/windows/centroids\.c has changed: run `make setup`$"
    with pytest.raises(ImportError, match=expected):
        check_interface(extension, 1)  # from before there was a number
    extension.INTERFACE = 1  # type: ignore[attr-defined]
    check_interface(extension, 1)
    with pytest.raises(ImportError, match=expected):
        check_interface(extension, 2)
