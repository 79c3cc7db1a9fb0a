"""Settings: one frozen, validated object, built once at the edge.

Sources, the first wins: environment (`SLUICE_KAFKA__BOOTSTRAP_SERVERS=…`, two underscores between
a section and its field), then the YAML file named by `SLUICE_CONFIG` (else `sluice.yaml` in the
working folder, where there is one), then the defaults below, which fit the local stack. Secrets
are `SecretStr`: they print as asterisks.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

from pipeline.errors import ConfigError

CONFIG_FILE_VARIABLE = "SLUICE_CONFIG"
DEFAULT_CONFIG_FILE = "sluice.yaml"
NOT_SETTINGS = (CONFIG_FILE_VARIABLE, "SLUICE_TEST_")
"""Variables that are ours, but no settings: the file's name, and what the tests are told."""


class Section(BaseModel):
    """A part of the settings; unknown names are errors, so that a typo is not a silent default."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class KafkaSettings(Section):
    """How to reach Kafka and how topics are created there."""

    bootstrap_servers: str = "127.0.0.1:9092"
    """host:port, several with commas; unset, it follows local.kafka_port."""
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    sasl_username: str = ""
    sasl_password: SecretStr = SecretStr("")
    ssl_cafile: Path | None = None
    """PEM file of the authorities to trust; None: the system's."""
    ssl_certfile: Path | None = None
    """PEM file of a client certificate, where the broker asks for one."""
    ssl_keyfile: Path | None = None
    """PEM file of that certificate's key."""
    partitions: int = Field(default=8, ge=1, le=1024)
    """Of each topic that does not say otherwise; raised where there are fewer, never lowered."""
    replication_factor: int = Field(default=1, ge=1)
    """Of topics that are created; 3 in production."""
    min_insync_replicas: int = Field(default=1, ge=1)
    """Of topics that are created; 2 in production."""
    session_timeout_seconds: float = Field(default=10.0, ge=1.0)
    """A worker that dies hard holds its partitions for this long."""
    # lz4 is no gain: aiokafka asks for its level 9, as brokers do, and that takes longer than zstd
    compression: Literal["none", "gzip", "lz4", "zstd"] = "zstd"
    """Of messages that Sluice sends."""

    @model_validator(mode="after")
    def _credentials_fit_the_protocol(self) -> KafkaSettings:
        if self.security_protocol.startswith("SASL") and not (
            self.sasl_username and self.sasl_password.get_secret_value()
        ):
            raise ValueError(f"{self.security_protocol} needs sasl_username and sasl_password")
        if (self.ssl_certfile is None) != (self.ssl_keyfile is None):
            raise ValueError("ssl_certfile and ssl_keyfile go together")
        return self


class ClickHouseSettings(Section):
    """How to reach ClickHouse over HTTP."""

    host: str = "127.0.0.1"
    port: int = Field(default=8123, ge=1, le=65535)
    """Of the HTTP interface; unset, it follows local.clickhouse_port."""
    database: str = Field(default="sluice", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    username: str = "default"
    password: SecretStr = SecretStr("")
    secure: bool = False
    """HTTPS instead of HTTP."""
    verify: bool = True
    """Whether to verify the server's certificate."""
    ca_cert: Path | None = None
    """PEM file of the authorities to trust; None: those that ship with Python's certifi."""
    connect_timeout_seconds: float = Field(default=5.0, gt=0)
    send_receive_timeout_seconds: float = Field(default=60.0, gt=0)
    """For one query or insert."""


class LimitSettings(Section):
    """What an event may be; beyond it the event becomes a dead letter."""

    max_event_bytes: int = Field(default=1024 * 1024, ge=1024)
    max_depth: int = Field(default=64, ge=4, le=200)
    """Levels of nesting; orjson writes at most 254."""
    max_events_per_message: int = Field(default=10_000, ge=1)
    """In a JSON array or NDJSON."""
    min_year: int = Field(default=2020, ge=1970)
    """The earliest year of an event's ts."""
    max_future_seconds: float = Field(default=86_400.0, ge=0)
    """How far ahead of the clock an event's ts may be."""


class RedactionSettings(Section):
    """Which policy redacts, and the key behind its pseudonyms."""

    policy_file: Path | None = None
    """None: the policy that ships with Sluice."""
    key_id: str = Field(default="k1", pattern=r"^[a-z0-9]{1,8}$")
    """Names the key in every pseudonym, so that keys can be rotated."""
    key: SecretStr = SecretStr("")
    """At least 16 characters; empty: plain labels such as <EMAIL_ADDRESS>, no pseudonyms."""
    key_file: Path | None = None
    """Instead of key_id and key: one `id:key` a line, the first makes pseudonyms, those of the
    others stay recognised. Policy and key file are read again when they change."""
    tier: Literal["fast", "strict"] = "fast"
    """Which detectors run; strict finds more and costs more."""
    model: str = ""
    """Strict tier: name of an installed spaCy model, empty for none."""
    audit_one_in: int = Field(default=0, ge=0)
    """Fast tier: one event in so many is also read by the strict tier, off the hot path, and
    disagreements are counted by type; 0: none."""

    @model_validator(mode="after")
    def _key_is_long_enough(self) -> RedactionSettings:
        if 0 < len(self.key.get_secret_value()) < 16:
            raise ValueError("key must have at least 16 characters")
        return self


class SinkSettings(Section):
    """How rows are gathered for ClickHouse."""

    batch_rows: int = Field(default=10_000, ge=1)
    """An insert is made when this many rows wait, or about 8 MiB of them."""
    batch_seconds: float = Field(default=0.4, gt=0)
    """An insert is made when the first row has waited this long."""
    repeat_horizon: int = Field(default=200_000, ge=1)
    """Records of a partition within which an event id that comes again is stored once."""


class WorkerSettings(Section):
    """One worker process: where it answers health checks and serves its metrics."""

    host: str = "127.0.0.1"
    port: int = Field(default=6066, ge=0, le=65535)
    standstill_seconds: float = Field(default=120.0, ge=0)
    """A worker whose lag grows while it commits nothing for this long ends itself; 0: never."""


class BudgetSettings(Section):
    """What one task may use; None: no limit."""

    tokens: int | None = Field(default=None, ge=1)
    tool_calls: int | None = Field(default=None, ge=1)
    cost_usd: float | None = Field(default=None, gt=0)
    elapsed_seconds: float | None = Field(default=None, gt=0)


class AggregationSettings(Section):
    """How event time is kept, what a task may use, and where running state lies."""

    lateness_seconds: float = Field(default=15.0, ge=0)
    """How much later than newer events one may arrive and still count; alerts wait for it."""
    task_idle_seconds: float = Field(default=1800.0, gt=0)
    """Event time without an event after which a task closes."""
    label_cap: int = Field(default=1_000, ge=1)
    """Values of one label that a partition counts by name; the rest counts as `other`."""
    budget_tokens: int | None = Field(default=None, ge=1)
    """What one task may use; at 80 % and 100 % there is an event. None: no limit."""
    budget_tool_calls: int | None = Field(default=None, ge=1)
    budget_cost_usd: float | None = Field(default=None, gt=0)
    budget_elapsed_seconds: float | None = Field(default=None, gt=0)
    budgets_by_workflow: dict[str, BudgetSettings] = Field(default_factory=dict)
    """Instead of the limits above, for tasks of these workflows."""
    budgets_by_tier: dict[str, BudgetSettings] = Field(default_factory=dict)
    """Likewise by capability tier, for workflows that have no budget of their own."""
    store: Literal["memory", "rocksdict"] = "memory"
    """Where a worker keeps its copy of the state; Kafka has it as well, and gives it back."""
    tasks_awake: int = Field(default=4_000, ge=0)
    """Open tasks of a worker beyond which those that have ended are read from it when needed."""


class DetectionSettings(Section):
    """What raises alerts and moves modes."""

    rules_file: Path | None = None
    """None: the rules that ship with Sluice; `sluice rules` lists them."""


class LocalSettings(Section):
    """The stack on one machine: ports on loopback and where data lies."""

    data_dir: Path = Path(".sluice")
    """Kafka's and ClickHouse's data, logs, and the record of what runs."""
    kafka_port: int = Field(default=9092, ge=1, le=65535)
    kafka_controller_port: int = Field(default=9093, ge=1, le=65535)
    kafka_heap_mb: int = Field(default=512, ge=128)
    """MiB of heap that the broker may take."""
    clickhouse_port: int = Field(default=8123, ge=1, le=65535)
    """Of ClickHouse's HTTP interface."""
    worker_port: int = Field(default=6066, ge=1, le=65000)
    """Health and metrics of the first worker; the next ones count up from here."""


class Settings(BaseSettings):
    """All settings of Sluice."""

    model_config = SettingsConfigDict(
        env_prefix="SLUICE_",
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
    )

    kafka: KafkaSettings = KafkaSettings()
    clickhouse: ClickHouseSettings = ClickHouseSettings()
    limits: LimitSettings = LimitSettings()
    redaction: RedactionSettings = RedactionSettings()
    sink: SinkSettings = SinkSettings()
    worker: WorkerSettings = WorkerSettings()
    aggregation: AggregationSettings = AggregationSettings()
    detection: DetectionSettings = DetectionSettings()
    local: LocalSettings = LocalSettings()

    @model_validator(mode="after")
    def _follow_the_local_ports(self) -> Settings:
        """Let clients find the local stack where only its ports were moved."""
        # both sections are frozen for everyone else; here they are still being built
        if "bootstrap_servers" not in self.kafka.model_fields_set:
            servers = f"127.0.0.1:{self.local.kafka_port}"
            moved = self.kafka.model_copy(update={"bootstrap_servers": servers})
            object.__setattr__(self, "kafka", moved)
        if "port" not in self.clickhouse.model_fields_set:
            port = {"port": self.local.clickhouse_port}
            object.__setattr__(self, "clickhouse", self.clickhouse.model_copy(update=port))
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the YAML file below the environment."""
        del dotenv_settings, file_secret_settings
        file = os.environ.get(CONFIG_FILE_VARIABLE, DEFAULT_CONFIG_FILE)
        return init_settings, env_settings, YamlConfigSettingsSource(settings_cls, yaml_file=file)


def load_settings(**overrides: Any) -> Settings:
    """Read the settings; raise `ConfigError` that names each wrong field, without its value."""
    named = os.environ.get(CONFIG_FILE_VARIABLE)
    if named and not Path(named).is_file():
        raise ConfigError(f"{CONFIG_FILE_VARIABLE} names {named}, which is not a file")
    _refuse_unknown_variables()
    try:
        return Settings(**overrides)
    except yaml.MarkedYAMLError as error:
        where = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ConfigError(f"{named or DEFAULT_CONFIG_FILE} is no valid YAML{where}") from None
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in item['loc']) or 'settings'}: {item['msg']}"
            for item in error.errors(include_input=False, include_url=False)
        )
        raise ConfigError(f"settings: {wrong}", hint="see docs/configuration.md") from None
    except (ValueError, OSError):
        # what is left is the file: not UTF-8, not readable, or no mapping at its top
        raise ConfigError(
            f"{named or DEFAULT_CONFIG_FILE} cannot be read: it must be YAML in UTF-8, "
            "sections at its top",
            hint="see docs/configuration.md",
        ) from None


def _refuse_unknown_variables() -> None:
    """Raise `ConfigError` for a variable that names no section: a slip, such as one underscore."""
    for variable in os.environ:
        if not variable.startswith("SLUICE_") or variable.startswith(NOT_SETTINGS):
            continue
        section = variable.removeprefix("SLUICE_").lower().split("__")[0]
        if section not in Settings.model_fields:
            raise ConfigError(
                f"{variable} is no setting: a variable is SLUICE_<SECTION>__<FIELD>, "
                f"with a section of {', '.join(Settings.model_fields)}",
                hint="see docs/configuration.md",
            )
