"""The Kafka broker of the local stack: Apache Kafka, one KRaft node, on loopback.

`python -m pipeline.local.kafka --port 9092 --controller-port 9093 --data .sluice/kafka` prepares
the data directory and becomes the broker: the process that was started is the Java process, so
that whoever started it holds the broker's own pid.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

import click

from pipeline.errors import ConfigError, SluiceError

ROOT = Path(__file__).resolve().parents[2]
JARS = ROOT / ".sluice" / "kafka-jars"
SERVER_PROPERTIES = ROOT / "deploy" / "kafka" / "server.properties"
LOG4J_PROPERTIES = ROOT / "deploy" / "kafka" / "log4j2.properties"

MINIMUM_JAVA = 17


@dataclass(frozen=True)
class BrokerConfig:
    """Where a broker listens (loopback ports), where its data lies, how much heap it may take."""

    port: int
    controller_port: int
    data_dir: Path
    heap_mb: int = 512
    overrides: Mapping[str, str] = field(default_factory=dict)
    """Broker properties beyond, or instead of, those of `deploy/kafka/server.properties`."""

    @property
    def log_dir(self) -> Path:
        """Where the broker keeps its partitions."""
        return self.data_dir / "data"

    @property
    def properties_file(self) -> Path:
        """Where the filled-in broker properties are written at every start."""
        return self.data_dir / "server.properties"


def check_java() -> str:
    """Return the path of `java`; raise `ConfigError` if it is missing or too old."""
    install = "apt-get install openjdk-17-jre-headless"
    java = shutil.which("java")
    if java is None:
        raise ConfigError(f"Kafka needs Java {MINIMUM_JAVA} or later: none found", hint=install)
    text = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', text)
    if found is None or int(found[1]) < MINIMUM_JAVA:
        version = found[1] if found else "unknown"
        raise ConfigError(
            f"Kafka needs Java {MINIMUM_JAVA} or later: found {version}", hint=install
        )
    return java


def check_jars() -> Path:
    """Return the folder of Kafka's jars; raise `ConfigError` if set-up has not fetched them."""
    if not any(JARS.glob("kafka_2.13-*.jar")):
        raise ConfigError(f"Kafka's jars are not in {JARS}", hint="make setup")
    return JARS


def render_properties(config: BrokerConfig) -> str:
    """Return the broker's properties: the template, then the overrides (the last one wins)."""
    text = Template(SERVER_PROPERTIES.read_text(encoding="utf-8")).substitute(
        port=config.port,
        controller_port=config.controller_port,
        log_dir=config.log_dir.resolve(),
    )
    return text + "".join(f"{name}={value}\n" for name, value in config.overrides.items())


def java_command(java: str, main_class: str, *arguments: str, heap_mb: int) -> list[str]:
    """Return the command line that runs a class of Kafka's jars within `heap_mb` MiB of heap."""
    return [
        java,
        f"-Xmx{heap_mb}m",
        f"-XX:MaxDirectMemorySize={heap_mb}m",
        "-XX:+UseG1GC",
        "-XX:MaxGCPauseMillis=20",
        "-XX:+ExitOnOutOfMemoryError",
        "-Djava.awt.headless=true",
        f"-Dlog4j2.configurationFile={LOG4J_PROPERTIES}",
        "-cp",
        f"{check_jars()}/*",
        main_class,
        *arguments,
    ]


def prepare(config: BrokerConfig) -> list[str]:
    """Write the properties, format a new data directory, and return the broker's command line.

    Data of an earlier run is kept. Raises `ConfigError` when Java, the jars or the data directory
    cannot be used, `SluiceError` when Kafka's own formatting tool fails.
    """
    java = check_java()
    check_jars()
    config.data_dir.mkdir(parents=True, exist_ok=True)
    config.properties_file.write_text(render_properties(config), encoding="utf-8")
    if not (config.log_dir / "meta.properties").is_file():
        if config.log_dir.is_dir() and any(config.log_dir.iterdir()):
            raise ConfigError(
                f"{config.log_dir} holds files but is no intact Kafka data directory",
                hint=f"move it away: mv {config.log_dir} {config.log_dir}.old",
            )
        _format(java, config)
    return java_command(java, "kafka.Kafka", str(config.properties_file), heap_mb=config.heap_mb)


def _format(java: str, config: BrokerConfig) -> None:
    arguments = ["format", "-t", new_cluster_id(), "-c", str(config.properties_file)]
    command = java_command(java, "kafka.tools.StorageTool", *arguments, heap_mb=128)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
        raise SluiceError(f"Kafka cannot format {config.log_dir}: {lines[-1]}")


def new_cluster_id() -> str:
    """Return 16 random bytes in URL-safe base 64, as Kafka writes them.

    Each new data directory is a cluster of its own: rows name the cluster of their offsets, so that
    those of a directory that was thrown away are not taken for the new one's. None begins with a
    dash, which Kafka's tool would take for an option.
    """
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):
            return text


@click.command()
@click.option("--port", type=int, required=True)
@click.option("--controller-port", type=int, required=True)
@click.option("--data", type=click.Path(path_type=Path), required=True)
@click.option("--heap-mb", type=int, default=512, show_default=True)
def main(port: int, controller_port: int, data: Path, heap_mb: int) -> None:
    """Run a Kafka broker on loopback in this process."""
    try:
        command = prepare(BrokerConfig(port, controller_port, data, heap_mb))
    except SluiceError as error:
        raise click.ClickException(
            f"{error} ({error.hint})" if error.hint else str(error)
        ) from None
    os.execv(command[0], command)  # noqa: S606 - no shell on purpose


if __name__ == "__main__":
    main()
