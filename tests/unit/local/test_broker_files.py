"""What the local broker is started with, and what is said when it cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from pipeline.local import kafka
from pipeline.topics import TOPICS

CONFIG = kafka.BrokerConfig(19_000, 19_001, Path("data"), overrides={"num.io.threads": "7"})


def properties(config: kafka.BrokerConfig) -> dict[str, str]:
    lines = kafka.render_properties(config).splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_every_listener_is_on_loopback() -> None:
    found = properties(CONFIG)
    for name in ("listeners", "advertised.listeners", "controller.quorum.voters"):
        for listener in found[name].split(","):
            assert "127.0.0.1:1900" in listener, name


def test_an_override_wins() -> None:
    assert properties(CONFIG)["num.io.threads"] == "7"


def test_nothing_creates_a_topic_by_accident() -> None:
    assert properties(CONFIG)["auto.create.topics.enable"] == "false"


def test_the_broker_takes_the_largest_message_of_any_topic() -> None:
    largest = max(topic.max_message_bytes for topic in TOPICS)
    assert int(properties(CONFIG)["message.max.bytes"]) >= largest
    assert int(properties(CONFIG)["replica.fetch.max.bytes"]) >= largest


def test_missing_java_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ConfigError, match="Java 17 or later: none found") as raised:
        kafka.check_java()
    assert raised.value.hint == "apt-get install openjdk-17-jre-headless"


@pytest.mark.parametrize(
    ("line", "found"), [('openjdk version "11.0.2"', "11"), ('java version "1.8.0_1"', "1")]
)
def test_old_java_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str, found: str
) -> None:
    java = tmp_path / "java"
    java.write_text(f"#!/bin/sh\necho '{line}' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match=f"found {found}"):
        kafka.check_java()


def test_missing_jars_name_the_command_that_fetches_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(kafka, "JARS", tmp_path)
    with pytest.raises(ConfigError) as raised:
        kafka.check_jars()
    assert raised.value.hint == "make setup"


def test_a_data_directory_of_something_else_is_not_formatted(tmp_path: Path) -> None:
    config = kafka.BrokerConfig(19_000, 19_001, tmp_path)
    config.log_dir.mkdir()
    (config.log_dir / "something").touch()
    with pytest.raises(ConfigError, match="no intact Kafka data directory"):
        kafka.prepare(config)
    assert [path.name for path in config.log_dir.iterdir()] == ["something"]
