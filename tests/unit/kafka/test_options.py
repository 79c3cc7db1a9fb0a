"""What aiokafka is told, for each way to reach a broker."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest

from pipeline.adapters.kafka.options import client_options, producer_options, ssl_context
from pipeline.config import KafkaSettings
from pipeline.errors import ConfigError
from pipeline.topics import TOPICS


def settings(**values: Any) -> KafkaSettings:
    return KafkaSettings.model_validate(values)


def test_plaintext_needs_nothing_but_the_address() -> None:
    assert client_options(settings(bootstrap_servers="a:1,b:2")) == {
        "bootstrap_servers": "a:1,b:2",
        "security_protocol": "PLAINTEXT",
        "ssl_context": None,
    }


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
@pytest.mark.parametrize("protocol", ["SASL_PLAINTEXT", "SASL_SSL"])
def test_sasl_hands_over_user_and_password(protocol: str, mechanism: str) -> None:
    options = client_options(
        settings(
            security_protocol=protocol,
            sasl_mechanism=mechanism,
            sasl_username="agent",
            sasl_password="of-the-agent",
        )
    )
    assert options["sasl_mechanism"] == mechanism
    assert options["sasl_plain_username"] == "agent"
    assert options["sasl_plain_password"] == "of-the-agent"
    assert (options["ssl_context"] is not None) == (protocol == "SASL_SSL")


def test_tls_always_verifies_certificate_and_host() -> None:
    context = ssl_context(settings(security_protocol="SSL"))
    assert context is not None
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("content", [None, "", "not a certificate"])
@pytest.mark.parametrize("fields", [["ssl_cafile"], ["ssl_certfile", "ssl_keyfile"]])
def test_a_file_that_cannot_be_loaded_is_named(
    tmp_path: Path, fields: list[str], content: str | None
) -> None:
    file = tmp_path / "file.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigError) as raised:
        ssl_context(settings(security_protocol="SSL", **dict.fromkeys(fields, file)))
    assert all(f"kafka.{field}" in str(raised.value) for field in fields)
    assert str(file) in str(raised.value)


def test_a_producer_is_durable_and_takes_the_largest_message() -> None:
    options = producer_options(settings())
    assert options["acks"] == "all"
    assert options["enable_idempotence"] is True
    assert options["max_request_size"] >= max(topic.max_message_bytes for topic in TOPICS)


@pytest.mark.parametrize(("chosen", "told"), [("none", None), ("lz4", "lz4"), ("zstd", "zstd")])
def test_compression_is_as_set(chosen: str, told: str | None) -> None:
    assert producer_options(settings(compression=chosen))["compression_type"] == told
