"""The exceptions of Sluice. Two branches matter: what may be tried again, and what may not.

    SluiceError
    ├── RetryableError        the same call may succeed later: keep the input, back off, try again
    │   └── UnavailableError  a service (Kafka, ClickHouse) does not answer
    └── PermanentError        the same call will fail again: report it, dead-letter the input
        ├── ConfigError       a setting, policy or rule file is wrong; names the place
        └── InputError        what the user or a producer handed in is wrong

A message is shown to people and written to logs: it must never hold event content or a secret.
"""

from __future__ import annotations


class SluiceError(Exception):
    """Base of all; `hint` says in one sentence what to do next, where that is known."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class RetryableError(SluiceError):
    """The same call may succeed later."""


class UnavailableError(RetryableError):
    """A service does not answer, or answers that it cannot serve now."""


class PermanentError(SluiceError):
    """The same call will fail again."""


class ConfigError(PermanentError):
    """A setting, policy or rule file is wrong; the message names the file, line or variable."""


class InputError(PermanentError):
    """What the user or a producer handed in cannot be used."""
