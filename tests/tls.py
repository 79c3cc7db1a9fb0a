"""Certificates for tests that speak TLS: an authority, and files in the forms programs want."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)


@dataclass(frozen=True)
class CertificateFiles:
    """PEM files of one certificate with its chain, its key, and both in one."""

    chain: Path
    key: Path
    both: Path


def write_authority(authority: trustme.CA, file: Path) -> Path:
    """Write what clients and servers trust."""
    file.write_bytes(authority.cert_pem.bytes())
    return file


def issue(authority: trustme.CA, folder: Path, name: str) -> CertificateFiles:
    """Issue a certificate for `name`, a host name or an address, and write its files."""
    issued = authority.issue_cert(name)
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    # Java reads a key in PKCS #8 only
    key_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    chain_pem = b"".join(part.bytes() for part in issued.cert_chain_pems)
    files = CertificateFiles(*(folder / f"{name}{suffix}.pem" for suffix in (".chain", ".key", "")))
    files.chain.write_bytes(chain_pem)
    files.key.write_bytes(key_pem)
    files.both.write_bytes(key_pem + chain_pem)
    return files
