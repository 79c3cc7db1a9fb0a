"""Policy and keys from files that may change while the redactor runs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from pipeline.config import RedactionSettings
from pipeline.errors import ConfigError, SluiceError
from pipeline.redaction.engine import EventRedactor
from pipeline.redaction.policy import PolicySet, compile_policy, default_policy
from pipeline.redaction.pseudonyms import Keyring

logger = logging.getLogger(__name__)

CHECK_SECONDS = 2.0


def load_policies(settings: RedactionSettings) -> PolicySet:
    """Return the compiled policy; raise `ConfigError` that names file and line."""
    return compile_policy(settings.policy_file) if settings.policy_file else default_policy()


def load_keyring(settings: RedactionSettings) -> Keyring:
    """Return the keys; raise `ConfigError` for a file that cannot be used, without its content."""
    if settings.key_file is None:
        return Keyring.single(settings.key_id, settings.key.get_secret_value())
    try:
        text = settings.key_file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"redaction.key_file: cannot read {settings.key_file} ({type(error).__name__})"
        ) from None
    return Keyring.parse(text, str(settings.key_file))


class RedactionSources:
    """Watches the files behind a redactor; between two batches it takes over what changed.

    A file that cannot be used leaves what was there in force, is logged once and is counted.
    """

    def __init__(self, settings: RedactionSettings, counted: Callable[[str], None]) -> None:
        """`counted` is told "done" or "failed" for each file that changed."""
        self._settings = settings
        self._counted = counted
        self._seen = {path: _stamp(path) for path in self._files()}
        self._checked = 0.0

    def refresh(self, redactor: EventRedactor, monotonic: float) -> None:
        """Look at the files, at most every `CHECK_SECONDS`; reload `redactor` if one changed."""
        if monotonic < self._checked + CHECK_SECONDS:
            return
        self._checked = monotonic
        changed = [path for path in self._files() if self._seen[path] != _stamp(path)]
        for path in changed:
            self._seen[path] = _stamp(path)
            try:
                if path == self._settings.policy_file:
                    redactor.reload(policies=load_policies(self._settings))
                else:
                    redactor.reload(keyring=load_keyring(self._settings))
            except SluiceError as error:
                logger.warning("the old one stays in force: %s", error)
                self._counted("failed")
            else:
                logger.info("%s was read again", path.name)
                self._counted("done")

    def _files(self) -> list[Path]:
        files = (self._settings.policy_file, self._settings.key_file)
        return [path for path in files if path is not None]


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Return what changes when a file is written or replaced; None while it is missing."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
