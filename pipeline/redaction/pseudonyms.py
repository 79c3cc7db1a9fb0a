"""Pseudonyms: `<TYPE:kid:tag>`, the same for the same value, tenant and key, and for no other.

The tag is 96 bits of keyed BLAKE2b (RFC 7693, section 2.9), a MAC by design and in place of HMAC
because it costs a third. It is written in sixteen consonants: no vowels, so that no word arises,
and no digits, so that no checksum, hash or entropy detector takes it for one of its own.
"""

from __future__ import annotations

import re
from binascii import hexlify
from collections.abc import Mapping
from hashlib import blake2b
from typing import Final

from pipeline.errors import ConfigError
from pipeline.redaction.canonical import canonical
from pipeline.redaction.spans import ENTITIES

UNVERIFIED: Final = "<UNVERIFIED>"
"""Stands where a value could not be proved clean."""

TAG_BYTES: Final = 12
MIN_SECRET_BYTES: Final = 16
MAX_KEPT: Final = 1_000
"""Tokens of one entity that are remembered: those of the sessions that are open."""
LONGEST_KEPT: Final = 256
"""Characters; a longer value is hashed each time."""
_ALPHABET: Final = bytes.maketrans(b"0123456789abcdef", b"bcdfghjkmnpqrtvw")
_TAG: Final = f"[bcdfghjkmnpqrtvw]{{{2 * TAG_BYTES}}}"
_KEY_ID: Final = re.compile(r"[a-z0-9]{1,8}")


class Keyring:
    """The key that makes pseudonyms and the older ones whose pseudonyms are still recognised.

    Without a current key there are no pseudonyms, only plain labels `<TYPE>`. The representation
    shows key ids, never keys.
    """

    def __init__(self, key_id: str | None = None, keys: Mapping[str, bytes] | None = None) -> None:
        self._keys = dict(keys or {})
        for name, secret in self._keys.items():
            if not _KEY_ID.fullmatch(name):
                raise ConfigError("a key id is 1 to 8 lower-case letters and digits")
            if len(secret) < MIN_SECRET_BYTES:
                raise ConfigError(f"the key {name} is shorter than {MIN_SECRET_BYTES} bytes")
        if key_id is not None and key_id not in self._keys:
            raise ConfigError(f"the current key {key_id} is not on the keyring")
        self.key_id = key_id

    @classmethod
    def single(cls, key_id: str, secret: str) -> Keyring:
        """A keyring of one key; an empty secret gives a keyring without one."""
        return cls(key_id, {key_id: secret.encode()}) if secret else cls()

    @classmethod
    def parse(cls, text: str, name: str) -> Keyring:
        """Read a key file: one `id:secret` a line, the first makes pseudonyms, all are recognised.

        Raises `ConfigError` that names the file and the line, never a secret.
        """
        keys: dict[str, bytes] = {}
        for number, line in enumerate(text.splitlines(), start=1):
            if not line.strip():
                continue
            key_id, colon, secret = line.strip().partition(":")
            if not colon or key_id in keys:
                raise ConfigError(f"{name}, line {number}: expected `id:key`, each id once")
            keys[key_id] = secret.encode()
        if not keys:
            raise ConfigError(f"{name}: holds no key")
        return cls(next(iter(keys)), keys)

    def rotated(self, key_id: str, secret: str) -> Keyring:
        """Return a keyring whose current key is new; the older keys stay recognised."""
        return Keyring(key_id, {**self._keys, key_id: secret.encode()})

    @property
    def key_ids(self) -> frozenset[str]:
        """Ids of all keys."""
        return frozenset(self._keys)

    def tenant_key(self, tenant_id: str | None) -> bytes:
        """Derive 32 bytes for one tenant, so that pseudonyms do not join across tenants."""
        if self.key_id is None:
            raise ConfigError("there is no current key")
        # a secret may be longer than the 64 bytes that BLAKE2b takes as a key
        secret = blake2b(self._keys[self.key_id], digest_size=32, person=b"sluice-secret").digest()
        return blake2b(
            (tenant_id or "").encode("utf-8", "surrogatepass"),
            digest_size=32,
            key=secret,
            person=b"sluice-tenant",
        ).digest()

    def __repr__(self) -> str:
        return f"Keyring(current={self.key_id!r}, ids={sorted(self._keys)!r})"


class Pseudonymizer:
    """Makes the tokens of one tenant under the current key; remembers the last ones.

    One person's values come in several texts of a session, each as often as there are texts.
    """

    def __init__(self, keyring: Keyring, tenant_id: str | None = None) -> None:
        key = b"" if keyring.key_id is None else keyring.tenant_key(tenant_id)
        # the key and the entity are hashed once; a value continues from a copy
        self._hashes = {
            entity: blake2b(f"{entity}\0".encode(), digest_size=TAG_BYTES, key=key)
            for entity in (ENTITIES if key else ())
        }
        self._key_id = keyring.key_id
        self._heads = {entity: f"<{entity}:{keyring.key_id}:" for entity in self._hashes}
        self._made: dict[str, dict[str, str]] = {entity: {} for entity in self._hashes}

    def clear(self) -> None:
        """Forget every value."""
        for made in self._made.values():
            made.clear()

    def token(self, entity: str, value: str) -> str:
        """Return the pseudonym of `value`, or `<TYPE>` where there is no key."""
        if self._key_id is None:
            return f"<{entity}>"
        made = self._made[entity]
        token = made.get(value)
        if token is None:
            token = self._make(entity, value)
            if len(value) <= LONGEST_KEPT:
                if len(made) >= MAX_KEPT:
                    made.clear()
                made[value] = token
        return token

    def _make(self, entity: str, value: str) -> str:
        tag = self._hashes[entity].copy()
        tag.update(canonical(entity, value).encode("utf-8", "surrogatepass"))
        written = hexlify(tag.digest()).translate(_ALPHABET).decode("ascii")
        return self._heads[entity] + written + ">"


def token_pattern(key_ids: frozenset[str]) -> re.Pattern[str]:
    """Match what Sluice itself writes: known entity, known key id, a tag of the right shape.

    Anything else in angle brackets, such as `<PERSON:k1:ann@example.com>`, is text like any other.
    Group 1 is the entity, or `UNVERIFIED`.
    """
    entities = "|".join(sorted((*ENTITIES, "UNVERIFIED"), key=len, reverse=True))
    ids = "|".join(sorted(key_ids))
    tag = f"(?::(?:{ids}):{_TAG})?" if ids else ""
    return re.compile(f"<({entities}){tag}>")
