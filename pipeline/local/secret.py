"""The local stack's own pseudonym key: made once, kept beside the data, never shown."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from pydantic import SecretStr

from pipeline.config import Settings

KEY_FILE = "redaction.key"


def with_local_key(settings: Settings) -> Settings:
    """Return settings that have a pseudonym key: the configured one, else the data directory's.

    Keeping it there means that the same person has the same pseudonym after a restart.
    """
    if settings.redaction.key.get_secret_value():
        return settings
    key = SecretStr(_read_or_make(settings.local.data_dir.expanduser() / KEY_FILE))
    return settings.model_copy(
        update={"redaction": settings.redaction.model_copy(update={"key": key})}
    )


def _read_or_make(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        # created readable by its owner alone, and never over one that is there
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(handle, "w", encoding="ascii") as file:
        key = secrets.token_hex(32)
        file.write(key + "\n")
    return key
