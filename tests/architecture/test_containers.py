"""docker-compose.yml and deploy/Dockerfile, read where no Docker is at hand.

What they name must exist, what they set must validate, and the stack they make must be the local
one: the same broker properties, topics, tables and workers.
"""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import click
import pytest
import yaml

from agents.__main__ import EXIT_TRY_AGAIN
from agents.__main__ import ROLES as AGENT_ROLES
from pipeline.cli import COMMANDS
from pipeline.config import Settings, load_settings
from pipeline.local import kafka
from pipeline.local.roles import ROLES
from pipeline.local.stack import HEALTH_PATH

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if "build" in service]
WORKERS = [name for name in OURS if name != "migrate"]

PLACEHOLDER = "Placeholder0123456789"
REQUIRED = re.compile(r"^\$\{(?P<name>[A-Z_]+):\?(?P<message>.{20,})\}$")
PINNED = re.compile(r"^[a-z0-9./-]+:v?\d+(\.\d+){2,}[a-z0-9.-]*(@sha256:[0-9a-f]{64})?$")


def environment(name: str) -> dict[str, str]:
    """Return a service's environment, with a placeholder for each required secret."""
    return {
        variable: PLACEHOLDER if REQUIRED.match(value) else value
        for variable, value in SERVICES[name]["environment"].items()
    }


def settings(name: str, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Settings:
    for variable in [variable for variable in os.environ if variable.startswith("SLUICE_")]:
        monkeypatch.delenv(variable)
    for variable, value in environment(name).items():
        monkeypatch.setenv(variable, value)
    monkeypatch.chdir(folder)
    return load_settings()


def test_there_is_a_service_for_each_worker_and_no_other() -> None:
    assert [role.name for role in ROLES] == WORKERS


@pytest.mark.parametrize("name", OURS)
def test_every_service_starts_a_command_that_exists(name: str) -> None:
    program, *arguments = SERVICES[name]["command"]
    if program == "sluice":
        module, _ = COMMANDS[arguments[0]]
        command = importlib.import_module(module).command
        assert isinstance(command, click.Command)
        assert command.make_context("sluice", arguments[1:])
    else:
        role = next(role for role in ROLES if role.name == name)
        assert (program, *arguments) == ("python", *role.arguments)
        assert role.name in AGENT_ROLES


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_a_setting(name: str) -> None:
    # Faust's own variable for the folder of its tables, where an image is read-only
    for variable in SERVICES[name]["environment"].keys() - {"APP_DATADIR"}:
        section, field = variable.removeprefix("SLUICE_").lower().split("__")
        section_type = Settings.model_fields[section].annotation
        assert section_type is not None
        assert field in section_type.model_fields, variable


@pytest.mark.parametrize("name", OURS)
def test_the_settings_validate_and_reach_the_services(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = settings(name, monkeypatch, tmp_path)
    broker = SERVICES["kafka"]["environment"]
    advertised = dict(
        listener.split("://") for listener in broker["KAFKA_ADVERTISED_LISTENERS"].split(",")
    )
    assert found.kafka.bootstrap_servers == advertised["SERVICES"]
    if "SLUICE_CLICKHOUSE__HOST" in environment(name):
        server = environment("clickhouse")
        assert found.clickhouse.host == "clickhouse"
        assert found.clickhouse.username == server["CLICKHOUSE_USER"]
        assert found.clickhouse.password.get_secret_value() == server["CLICKHOUSE_PASSWORD"]


def test_topics_and_tables_are_those_of_the_local_stack(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Both run the same migration, from the same catalogue; what differs could be settings."""
    assert SERVICES["migrate"]["command"] == ["sluice", "migrate"]
    found, local = settings("migrate", monkeypatch, tmp_path), Settings()
    assert found.kafka.partitions == local.kafka.partitions
    assert found.clickhouse.database == local.clickhouse.database
    for name in WORKERS:
        waits = SERVICES[name]["depends_on"]["migrate"]
        assert waits == {"condition": "service_completed_successfully"}


def test_the_broker_has_the_properties_of_the_local_one() -> None:
    lines = kafka.SERVER_PROPERTIES.read_text().splitlines()
    local = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    of_the_place = {name for name in local if "listener" in name} | {
        "log.dirs",
        "controller.quorum.voters",
    }
    wanted = {
        f"KAFKA_{name.upper().replace('.', '_')}": value
        for name, value in local.items()
        if name not in of_the_place
    }
    broker = SERVICES["kafka"]["environment"]
    assert {name: broker.get(name) for name in wanted} == wanted


def test_the_broker_is_the_version_of_the_local_one() -> None:
    pom = ElementTree.parse(ROOT / "deploy" / "kafka" / "pom.xml")
    version = pom.findtext(".//{*}kafka.version")
    assert SERVICES["kafka"]["image"].split("@")[0] == f"apache/kafka:{version}"


@pytest.mark.parametrize("name", [name for name in SERVICES if name not in OURS])
def test_images_of_others_are_pinned(name: str) -> None:
    assert PINNED.match(SERVICES[name]["image"])


def test_the_base_image_is_pinned_and_one() -> None:
    bases = set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE))
    assert len(bases) == 1
    assert all(PINNED.match(base) for base in bases)


@pytest.mark.parametrize("name", SERVICES)
def test_memory_is_limited_and_health_is_checked(name: str) -> None:
    service = SERVICES[name]
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    if name == "migrate":
        assert service["healthcheck"] == {"disable": True}
    else:
        assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}


@pytest.mark.parametrize("name", WORKERS)
def test_a_worker_is_asked_for_its_health_where_it_answers(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    port = settings(name, monkeypatch, tmp_path).worker.port
    assert f"http://127.0.0.1:{port}{HEALTH_PATH}" in SERVICES[name]["healthcheck"]["test"][-1]


@pytest.mark.parametrize("name", [name for name in SERVICES if name not in OURS])
def test_no_service_of_others_runs_as_root(name: str) -> None:
    assert str(SERVICES[name]["user"]).split(":")[0] not in {"", "0", "root"}


def test_the_image_does_not_run_as_root() -> None:
    users = re.findall(r"^USER (\d+):(\d+)$", DOCKERFILE, re.MULTILINE)
    assert users
    assert all(int(number) > 0 for number in users[-1])
    assert all("user" not in SERVICES[name] for name in OURS)


@pytest.mark.parametrize("name", OURS)
def test_a_container_may_do_no_more_than_it_must(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", WORKERS)
def test_a_worker_has_a_place_to_write(name: str) -> None:
    service = SERVICES[name]
    default = re.search(r"APP_DATADIR=(\S+)", DOCKERFILE)
    assert default is not None
    folder = Path(service["environment"].get("APP_DATADIR", default[1]))
    writable = [Path(mount.split(":")[0]) for mount in service["tmpfs"]]
    writable += [Path(mount.split(":")[-1]) for mount in service.get("volumes", [])]
    assert any(folder.is_relative_to(place) for place in writable)


def test_ports_are_published_on_loopback_only() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


@pytest.mark.parametrize("name", SERVICES)
def test_secrets_are_required_from_the_environment(name: str) -> None:
    for variable, value in SERVICES[name]["environment"].items():
        if re.search(r"PASSWORD|(?<!_ID)_KEY$", variable):
            assert REQUIRED.match(value), f"{variable} needs ${{NAME:?what to set}}"
        else:
            assert "$" not in value


def test_a_worker_gets_no_secret_that_it_does_not_need() -> None:
    holders = {
        secret: [name for name in OURS if secret in SERVICES[name]["environment"]]
        for secret in ("SLUICE_REDACTION__KEY", "SLUICE_CLICKHOUSE__PASSWORD")
    }
    assert holders == {
        "SLUICE_REDACTION__KEY": ["redactor"],
        "SLUICE_CLICKHOUSE__PASSWORD": ["migrate", "sink"],
    }


def copied() -> list[str]:
    """Return what the Dockerfile copies from the checkout."""
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    return [source for line in lines for source in line.split()]


def test_what_the_image_copies_exists_and_reaches_the_builder() -> None:
    allowed = (ROOT / ".dockerignore").read_text().splitlines()
    for source in copied():
        assert (ROOT / source).exists(), source
        assert f"!{source}" in allowed, source


def test_only_locked_packages_are_installed() -> None:
    installs = re.findall(r"pip install (.+?)(?:$| \\)", DOCKERFILE, re.MULTILINE)
    assert installs == [
        "--require-hashes --requirement requirements.lock",
        "--no-deps --no-build-isolation --editable .",
    ]


@pytest.mark.parametrize("name", OURS)
def test_the_image_holds_every_file_that_a_service_reads(name: str, tmp_path: Path) -> None:
    """Each service is started from a copy of what the image holds, with no Kafka to reach."""
    for source in copied():
        origin = ROOT / source
        if origin.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(origin, tmp_path / source, ignore=ignored)
        else:
            shutil.copy(origin, tmp_path / source)
    program, *arguments = SERVICES[name]["command"]
    start = ["-c", "from pipeline.cli import main; main()"] if program == "sluice" else []
    done = subprocess.run(
        [sys.executable, *start, *arguments],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "PYTHONPATH": str(tmp_path),
            **environment(name),
            "APP_DATADIR": str(tmp_path / "faust"),
            "SLUICE_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1",
            "SLUICE_CLICKHOUSE__HOST": "127.0.0.1",
            "SLUICE_CLICKHOUSE__PORT": "1",
            "SLUICE_WORKER__PORT": "0",
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    said = done.stdout + done.stderr
    # it came as far as asking Kafka or ClickHouse, which do not answer
    assert done.returncode == (1 if program == "sluice" else EXIT_TRY_AGAIN), said
    assert "Kafka" in said or "ClickHouse" in said
    assert "Traceback" not in said
    assert PLACEHOLDER not in said
