"""Builds the Faust app of a role from the settings."""

from __future__ import annotations

from pathlib import Path

import faust
from faust.types.auth import CredentialsT

from agents.delivery import RunTransport
from pipeline.adapters.kafka.options import ssl_context
from pipeline.config import KafkaSettings, Settings

WAITING_CHANGES = 16
"""Messages of a changelog that may wait; what waits behind handlers, `agents.intake` says."""
RECORDS_PER_FETCH = 1_000
COMMIT_SECONDS = 1.0


def build_app(role: str, settings: Settings) -> faust.App:
    """Return the app of `role`; its consumer group is `sluice-<role>`. Connects to nothing yet."""
    kafka = settings.kafka
    app = faust.App(
        f"sluice-{role}",
        broker=[f"kafka://{server}" for server in kafka.bootstrap_servers.split(",")],
        broker_credentials=_credentials(kafka),
        broker_session_timeout=kafka.session_timeout_seconds,
        broker_heartbeat_interval=kafka.session_timeout_seconds / 4,
        broker_request_timeout=max(40.0, kafka.session_timeout_seconds * 2),
        broker_commit_interval=COMMIT_SECONDS,
        broker_max_poll_records=RECORDS_PER_FETCH,
        # a handler that waits for ClickHouse keeps its partitions; the watchdog judges workers
        broker_max_poll_interval=86_400.0,
        consumer_auto_offset_reset="earliest",
        stream_buffer_maxsize=WAITING_CHANGES,
        stream_wait_empty=True,
        producer_acks=-1,
        processing_guarantee="at_least_once",
        store="memory://",
        # topics come from the catalogue, never from a worker
        topic_allow_declare=False,
        topic_disable_leader=True,
        topic_partitions=kafka.partitions,
        web_enabled=False,
        autodiscover=False,
        loghandlers=[],
    )
    # Faust makes this folder, but not its parents
    Path(app.conf.datadir).mkdir(parents=True, exist_ok=True)
    app.transport = RunTransport(app.conf.broker, app, loop=app.loop)
    return app


def _credentials(kafka: KafkaSettings) -> CredentialsT | None:
    context = ssl_context(kafka)
    if kafka.security_protocol.startswith("SASL"):
        return faust.SASLCredentials(
            username=kafka.sasl_username,
            password=kafka.sasl_password.get_secret_value(),
            ssl_context=context,
            mechanism=kafka.sasl_mechanism,
        )
    return faust.SSLCredentials(context) if context else None
