"""Keyword arguments for aiokafka's clients, from the settings: address, TLS, SASL, durability."""

from __future__ import annotations

import ssl
from typing import Any

from pipeline.config import KafkaSettings
from pipeline.errors import ConfigError
from pipeline.topics import MIB

MAX_REQUEST_BYTES = 16 * MIB
"""The largest message of any topic; aiokafka's default is 1 MiB."""


def ssl_context(settings: KafkaSettings) -> ssl.SSLContext | None:
    """Return the TLS context, or None where the protocol has no TLS.

    The broker's certificate and host name are always verified: against `ssl_cafile`, else the
    system's authorities. Raises `ConfigError` that names a file which cannot be loaded.
    """
    if not settings.security_protocol.endswith("SSL"):
        return None
    try:
        context = ssl.create_default_context(cafile=settings.ssl_cafile)
    except OSError as error:
        raise ConfigError(f"kafka.ssl_cafile: cannot load {settings.ssl_cafile}: {error}") from None
    if settings.ssl_certfile is not None:
        try:
            context.load_cert_chain(settings.ssl_certfile, settings.ssl_keyfile)
        except OSError as error:
            raise ConfigError(
                f"kafka.ssl_certfile, kafka.ssl_keyfile: cannot load {settings.ssl_certfile} "
                f"with {settings.ssl_keyfile}: {error}"
            ) from None
    return context


def client_options(settings: KafkaSettings) -> dict[str, Any]:
    """Return what every aiokafka client takes. It holds the password: do not print it."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap_servers,
        "security_protocol": settings.security_protocol,
        "ssl_context": ssl_context(settings),
    }
    if settings.security_protocol.startswith("SASL"):
        options |= {
            "sasl_mechanism": settings.sasl_mechanism,
            "sasl_plain_username": settings.sasl_username,
            "sasl_plain_password": settings.sasl_password.get_secret_value(),
        }
    return options


def producer_options(settings: KafkaSettings) -> dict[str, Any]:
    """Return what `AIOKafkaProducer` takes: acknowledged by all replicas, idempotent."""
    compression = None if settings.compression == "none" else settings.compression
    return client_options(settings) | {
        "acks": "all",
        "enable_idempotence": True,
        "compression_type": compression,
        "max_request_size": MAX_REQUEST_BYTES,
    }
