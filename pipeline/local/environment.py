"""Settings handed to a child process: the environment that makes it load equal settings."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, SecretStr
from pydantic_core import to_json

from pipeline.config import Settings


def settings_environment(settings: Settings) -> dict[str, str]:
    """Return `SLUICE_SECTION__FIELD` variables for every setting that has a value.

    Secrets are in clear: this is for a child's environment alone, never for output.
    """
    return {
        f"SLUICE_{section.upper()}__{name.upper()}": _text(value)
        for section in type(settings).model_fields
        for name, value in _fields(getattr(settings, section))
        if value is not None
    }


def _fields(section: BaseModel) -> list[tuple[str, object]]:
    return [(name, getattr(section, name)) for name in type(section).model_fields]


def _text(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, Path):
        # the child may be started from another folder
        return str(value.expanduser().resolve())
    if isinstance(value, (list, tuple, dict, BaseModel)):
        return to_json(value).decode()
    return str(value)
