"""TLS and SASL for real: a broker that asks for a password, or for a client certificate."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import trustme
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_fixed

from pipeline.adapters.kafka.admin import ensure_coordinator, ensure_topics, topic_states
from pipeline.adapters.kafka.options import client_options, producer_options
from pipeline.config import KafkaSettings, LocalSettings, Settings
from pipeline.errors import RetryableError, UnavailableError
from pipeline.local import kafka
from pipeline.local.environment import settings_environment
from pipeline.local.ports import is_listening
from pipeline.local.process import ProcessSpec
from pipeline.local.readiness import http_ok
from pipeline.local.supervisor import Supervisor
from pipeline.topics import EVENTS_DLQ, EVENTS_RAW
from tests.services import free_ports, stack_settings
from tests.tls import issue, write_authority

PASSWORD = "correct-horse-battery"
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Secured:
    """A broker that runs now, and how it is reached in each of two ways."""

    settings: Settings
    """Over SASL_SSL, with user and password."""
    by_certificate: KafkaSettings
    """Over SSL, with a client certificate."""
    folder: Path


def broker_config(
    local: LocalSettings, tls_port: int, certificate: Path, authority: Path
) -> kafka.BrokerConfig:
    listeners = (
        f"SASL_SSL://127.0.0.1:{local.kafka_port},SSL://127.0.0.1:{tls_port}",
        f"CONTROLLER://127.0.0.1:{local.kafka_controller_port}",
    )
    jaas = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    return kafka.BrokerConfig(
        local.kafka_port,
        local.kafka_controller_port,
        local.data_dir / "kafka",
        heap_mb=256,
        overrides={
            "listeners": ",".join(listeners),
            "advertised.listeners": listeners[0],
            "listener.security.protocol.map": "SASL_SSL:SASL_SSL,SSL:SSL,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "SASL_SSL",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
            "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": jaas,
            "listener.name.ssl.ssl.client.auth": "required",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(certificate),
            # it is shown clients' certificates, and at its start its own
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(authority),
        },
    )


def format_with_user(config: kafka.BrokerConfig) -> None:
    """Format the data directory with a SCRAM user in it; `prepare` then finds it formatted."""
    config.data_dir.mkdir(parents=True)
    config.properties_file.write_text(kafka.render_properties(config))
    user = f"SCRAM-SHA-512=[name=agent,password={PASSWORD}]"
    arguments = ["format", "-t", kafka.new_cluster_id(), "-c", str(config.properties_file)]
    command = kafka.java_command(
        kafka.check_java(), "kafka.tools.StorageTool", *arguments, "-S", user, heap_mb=128
    )
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture(scope="module")
def supervisor() -> Iterator[Supervisor]:
    running = Supervisor()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory, supervisor: Supervisor) -> Secured:
    folder = tmp_path_factory.mktemp("sasl")
    authority = trustme.CA()
    trusted = write_authority(authority, folder / "authority.pem")
    client = issue(authority, folder, "client.example")
    settings = stack_settings(folder / "stack")
    tls_port = free_ports(1)[0]
    config = broker_config(
        settings.local, tls_port, issue(authority, folder, "127.0.0.1").both, trusted
    )
    format_with_user(config)
    log, ready = folder / "kafka.log", partial(is_listening, config.port)
    supervisor.launch([ProcessSpec("kafka", kafka.prepare(config), {}, log, config.port, ready)])

    common = {**settings.kafka.model_dump(), "ssl_cafile": trusted}
    by_password = {
        "security_protocol": "SASL_SSL",
        "sasl_username": "agent",
        "sasl_password": PASSWORD,
    }
    by_certificate = {
        "security_protocol": "SSL",
        "bootstrap_servers": f"127.0.0.1:{tls_port}",
        "ssl_certfile": client.chain,
        "ssl_keyfile": client.key,
    }
    reached = KafkaSettings.model_validate({**common, **by_password})
    asyncio.run(_prepare(reached))
    return Secured(
        settings.model_copy(update={"kafka": reached}),
        KafkaSettings.model_validate({**common, **by_certificate}),
        folder,
    )


async def _prepare(settings: KafkaSettings) -> None:
    retrying = AsyncRetrying(
        retry=retry_if_exception_type(RetryableError),
        stop=stop_after_delay(30.0),
        wait=wait_fixed(0.2),
        reraise=True,
    )
    await retrying(ensure_coordinator, settings)
    await retrying(ensure_topics, settings)


@pytest.mark.parametrize("way", ["password", "certificate"])
async def test_producer_consumer_and_admin_get_through(secured: Secured, way: str) -> None:
    settings = secured.settings.kafka if way == "password" else secured.by_certificate
    producer = AIOKafkaProducer(**producer_options(settings))
    await producer.start()
    sent = await producer.send_and_wait(EVENTS_RAW.name, b"not an event")
    await producer.stop()
    assert (await topic_states(settings, [EVENTS_RAW.name]))[0].messages >= 1
    consumer = AIOKafkaConsumer(
        EVENTS_RAW.name, auto_offset_reset="earliest", **client_options(settings)
    )
    await consumer.start()
    received = await asyncio.wait_for(consumer.getone(), 30)
    await consumer.stop()
    assert received.value == b"not an event"
    assert sent.topic == received.topic


async def test_a_worker_gets_through(
    secured: Secured, supervisor: Supervisor, tmp_path: Path
) -> None:
    """The redactor's own consumer and producer take the same settings another way: by Faust."""
    port = free_ports(1)[0]
    worker = ProcessSpec(
        "redactor",
        [sys.executable, "-m", "agents", "redactor"],
        {
            **settings_environment(secured.settings),
            "PYTHONPATH": str(ROOT),
            "SLUICE_WORKER__PORT": str(port),
        },
        tmp_path / "redactor.log",
        port,
        partial(http_ok, port, "/health/ready"),
    )
    await asyncio.to_thread(supervisor.launch, [worker])
    producer = AIOKafkaProducer(**producer_options(secured.settings.kafka))
    await producer.start()
    await producer.send_and_wait(EVENTS_RAW.name, b"not an event either")
    await producer.stop()
    consumer = AIOKafkaConsumer(
        EVENTS_DLQ.name, auto_offset_reset="earliest", **client_options(secured.settings.kafka)
    )
    await consumer.start()
    refused = await asyncio.wait_for(consumer.getone(), 60)
    await consumer.stop()
    await asyncio.to_thread(supervisor.end, "redactor")
    assert refused.value is not None
    assert PASSWORD not in worker.log.read_text()


@pytest.mark.expects_error_logs
@pytest.mark.parametrize(
    "wrong",
    [
        {"sasl_password": "wrong-horse-battery"},
        {"ssl_cafile": None},
        {"security_protocol": "SASL_PLAINTEXT"},
    ],
    ids=["password", "authority", "protocol"],
)
async def test_what_is_wrong_is_refused_without_a_secret(
    secured: Secured, wrong: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    settings = KafkaSettings.model_validate({**secured.settings.kafka.model_dump(), **wrong})
    with pytest.raises(
        UnavailableError, match=r"Kafka does not answer at .* as user agent"
    ) as said:
        await topic_states(settings)
    for text in (str(said.value), said.value.hint, caplog.text):
        assert settings.sasl_password.get_secret_value() not in text


@pytest.mark.expects_error_logs
async def test_a_certificate_of_another_authority_is_refused(
    secured: Secured, tmp_path: Path
) -> None:
    stranger = issue(trustme.CA(), tmp_path, "client.example")
    files = {"ssl_certfile": stranger.chain, "ssl_keyfile": stranger.key}
    settings = KafkaSettings.model_validate({**secured.by_certificate.model_dump(), **files})
    with pytest.raises(UnavailableError, match="Kafka does not answer"):
        await topic_states(settings)
