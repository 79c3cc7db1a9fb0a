"""Ports, addresses and the environment that hands settings to a child process."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import (
    ClickHouseSettings,
    KafkaSettings,
    LocalSettings,
    RedactionSettings,
    Settings,
    load_settings,
)
from pipeline.errors import ConfigError
from pipeline.local import ports
from pipeline.local.environment import settings_environment
from pipeline.local.stack import LocalStack, local_settings

SASL = {"security_protocol": "SASL_SSL", "sasl_username": "u", "sasl_password": "p"}


def test_a_taken_port_names_its_setting_and_its_holder() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            ConfigError, match=rf"port {port} \(local.kafka_port\) is taken"
        ) as said:
            ports.ensure_free(port, "local.kafka_port")
        assert "SLUICE_LOCAL__KAFKA_PORT" in said.value.hint
        assert ports.is_listening(port)
    ports.ensure_free(port, "local.kafka_port")
    assert not ports.is_listening(port)


def test_clients_follow_the_local_ports() -> None:
    settings = Settings(local=LocalSettings(kafka_port=19_092, clickhouse_port=18_123))
    assert settings.kafka.bootstrap_servers == "127.0.0.1:19092"
    assert settings.clickhouse.port == 18_123


def test_an_address_that_was_set_stays() -> None:
    settings = Settings(
        kafka=KafkaSettings(bootstrap_servers="kafka:9092"),
        clickhouse=ClickHouseSettings(port=8443),
        local=LocalSettings(kafka_port=19_092, clickhouse_port=18_123),
    )
    assert settings.kafka.bootstrap_servers == "kafka:9092"
    assert settings.clickhouse.port == 8443


@pytest.mark.parametrize(
    "elsewhere",
    [
        Settings(kafka=KafkaSettings(bootstrap_servers="kafka:9092")),
        Settings(kafka=KafkaSettings.model_validate(SASL)),
        Settings(clickhouse=ClickHouseSettings(host="ch.example")),
        Settings(clickhouse=ClickHouseSettings(secure=True)),
        Settings(clickhouse=ClickHouseSettings(port=8443)),
    ],
)
def test_a_local_stack_for_a_cluster_elsewhere_is_refused(elsewhere: Settings) -> None:
    with pytest.raises(ConfigError):
        local_settings(elsewhere)


def test_a_second_stack_does_not_touch_the_first(tmp_path: Path) -> None:
    """Stopping one that never started must not clear the record of the one that runs."""
    settings = Settings(local=LocalSettings(data_dir=tmp_path))
    (tmp_path / "stack.json").write_text("{}")
    LocalStack(settings).stop()
    assert (tmp_path / "stack.json").exists()


@given(
    password=st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1),
    port=st.integers(1, 65_535),
    secure=st.booleans(),
    seconds=st.floats(0.1, 1e6),
)
def test_a_child_loads_the_settings_of_its_parent(
    password: str, port: int, secure: bool, seconds: float
) -> None:
    settings = Settings(
        kafka=KafkaSettings.model_validate({**SASL, "sasl_password": password}),
        clickhouse=ClickHouseSettings(port=port, secure=secure, connect_timeout_seconds=seconds),
        redaction=RedactionSettings(policy_file=Path("/etc/policy.yaml")),
        local=LocalSettings(data_dir=Path("/var/lib/sluice")),
    )
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings_environment(settings).items():
            patch.setenv(name, value)
        assert load_settings() == settings


def test_the_environment_of_a_child_has_absolute_paths(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    variables = settings_environment(Settings())
    assert variables["SLUICE_LOCAL__DATA_DIR"] == str(tmp_path / ".sluice")
