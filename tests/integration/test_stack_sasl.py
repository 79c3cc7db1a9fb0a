"""TLS and SASL for real: a broker that asks for both, its certificate made here with keytool."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_fixed

from pipeline.adapters.kafka.admin import ensure_coordinator, ensure_topics, topic_states
from pipeline.adapters.kafka.options import client_options, producer_options
from pipeline.config import KafkaSettings, Settings
from pipeline.errors import RetryableError, UnavailableError
from pipeline.local import kafka
from pipeline.local.environment import settings_environment
from pipeline.local.ports import is_listening
from pipeline.local.process import ProcessSpec
from pipeline.local.readiness import http_ok
from pipeline.local.supervisor import Supervisor
from pipeline.topics import EVENTS_DLQ, EVENTS_RAW
from tests.services import free_ports, stack_settings

STORE_PASSWORD = "of-the-key-store"  # what keytool insists on; the store lives as long as the test
PASSWORD = "correct-horse-battery"
ROOT = Path(__file__).parents[2]


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Return a key store for the broker on 127.0.0.1, and the certificate that clients trust."""
    store, certificate = folder / "broker.p12", folder / "broker.pem"
    common = ["-keystore", store, "-storetype", "PKCS12", "-storepass", STORE_PASSWORD]
    identity = ["-alias", "broker", "-keyalg", "EC", "-dname", "CN=broker", "-validity", "2"]
    for arguments in (
        ["-genkeypair", *common, *identity, "-ext", "san=ip:127.0.0.1", "-ext", "bc=ca:true"],
        ["-exportcert", *common, "-alias", "broker", "-rfc", "-file", certificate],
    ):
        subprocess.run(["keytool", *map(str, arguments)], check=True, capture_output=True)
    return store, certificate


def broker_config(settings: Settings, store: Path, certificate: Path) -> kafka.BrokerConfig:
    port, controller = settings.local.kafka_port, settings.local.kafka_controller_port
    listener = f"SASL_SSL://127.0.0.1:{port}"
    jaas = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    return kafka.BrokerConfig(
        port,
        controller,
        settings.local.data_dir / "kafka",
        heap_mb=256,
        overrides={
            "listeners": f"{listener},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": listener,
            "listener.security.protocol.map": "SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "SASL_SSL",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
            "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": jaas,
            "ssl.keystore.type": "PKCS12",
            "ssl.keystore.location": str(store),
            "ssl.keystore.password": STORE_PASSWORD,
            # at its start the broker checks that it would trust itself
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(certificate),
        },
    )


def format_with_user(config: kafka.BrokerConfig) -> None:
    """Format the data directory with a SCRAM user in it; `prepare` then finds it formatted."""
    config.data_dir.mkdir(parents=True)
    config.properties_file.write_text(kafka.render_properties(config))
    user = f"SCRAM-SHA-512=[name=agent,password={PASSWORD}]"
    arguments = ["format", "-t", kafka.CLUSTER_ID, "-c", str(config.properties_file)]
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
def secured(tmp_path_factory: pytest.TempPathFactory, supervisor: Supervisor) -> Settings:
    """Settings with which a broker that runs now is reached over SASL_SSL."""
    folder = tmp_path_factory.mktemp("sasl")
    store, certificate = make_certificate(folder)
    local = stack_settings(folder / "stack")
    config = broker_config(local, store, certificate)
    format_with_user(config)
    supervisor.launch(
        [
            ProcessSpec(
                "kafka",
                kafka.prepare(config),
                {},
                folder / "kafka.log",
                config.port,
                partial(is_listening, config.port),
            )
        ]
    )
    reached = KafkaSettings.model_validate(
        {
            **local.kafka.model_dump(),
            "security_protocol": "SASL_SSL",
            "sasl_username": "agent",
            "sasl_password": PASSWORD,
            "ssl_cafile": certificate,
        }
    )
    settings = local.model_copy(update={"kafka": reached})
    asyncio.run(_prepare(settings.kafka))
    return settings


async def _prepare(settings: KafkaSettings) -> None:
    retrying = AsyncRetrying(
        retry=retry_if_exception_type(RetryableError),
        stop=stop_after_delay(30.0),
        wait=wait_fixed(0.2),
        reraise=True,
    )
    await retrying(ensure_coordinator, settings)
    await retrying(ensure_topics, settings)


async def test_producer_consumer_and_admin_get_through(secured: Settings) -> None:
    producer = AIOKafkaProducer(**producer_options(secured.kafka))
    await producer.start()
    sent = await producer.send_and_wait(EVENTS_RAW.name, b"not an event")
    await producer.stop()
    assert (await topic_states(secured.kafka, [EVENTS_RAW.name]))[0].messages >= 1
    consumer = AIOKafkaConsumer(
        EVENTS_RAW.name, auto_offset_reset="earliest", **client_options(secured.kafka)
    )
    await consumer.start()
    received = await asyncio.wait_for(consumer.getone(), 30)
    await consumer.stop()
    assert (received.value, received.partition) == (b"not an event", sent.partition)


async def test_a_worker_gets_through(
    secured: Settings, supervisor: Supervisor, tmp_path: Path
) -> None:
    """The redactor's own consumer and producer take the same settings another way: by Faust."""
    port = free_ports(1)[0]
    worker = ProcessSpec(
        "redactor",
        [sys.executable, "-m", "agents", "redactor"],
        {
            **settings_environment(secured),
            "PYTHONPATH": str(ROOT),
            "SLUICE_WORKER__PORT": str(port),
        },
        tmp_path / "redactor.log",
        port,
        partial(http_ok, port, "/health/ready"),
    )
    await asyncio.to_thread(supervisor.launch, [worker])
    producer = AIOKafkaProducer(**producer_options(secured.kafka))
    await producer.start()
    await producer.send_and_wait(EVENTS_RAW.name, b"not an event either")
    await producer.stop()
    consumer = AIOKafkaConsumer(
        EVENTS_DLQ.name, auto_offset_reset="earliest", **client_options(secured.kafka)
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
    secured: Settings, wrong: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    settings = KafkaSettings.model_validate({**secured.kafka.model_dump(), **wrong})
    with pytest.raises(
        UnavailableError, match=r"Kafka does not answer at .* as user agent"
    ) as said:
        await topic_states(settings)
    for text in (str(said.value), said.value.hint, caplog.text):
        assert settings.sasl_password.get_secret_value() not in text
