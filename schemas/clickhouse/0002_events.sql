-- Clean events, one row each. A row is written once: the sink skips what is already here (its
-- coordinates say so), and ReplacingMergeTree is the backstop behind that.

CREATE TABLE IF NOT EXISTS {database}.events
(
    -- what happened
    event_id         String,
    event_type       LowCardinality(String),
    trace_id         String,
    session_id       String,
    span_id          String,
    parent_span_id   String,
    ts               DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    agent_name       LowCardinality(String),
    release_version  LowCardinality(String),
    task_id          String,
    workflow         LowCardinality(String),
    tenant_id        LowCardinality(String),
    user_id          String,
    environment      LowCardinality(String),
    capability_tier  LowCardinality(String),
    latency_ms       Nullable(Float64),
    status           LowCardinality(String),
    error_type       LowCardinality(String),
    error_message    String CODEC(ZSTD(3)),

    -- llm_call; NULL is unknown, not nought
    provider           LowCardinality(String),
    model_requested    LowCardinality(String),
    model_version      LowCardinality(String),
    prompt_id          LowCardinality(String),
    prompt_version     LowCardinality(String),
    tokens_in          Nullable(UInt64),
    tokens_out         Nullable(UInt64),
    tokens_cache_read  Nullable(UInt64),
    tokens_cache_write Nullable(UInt64),
    tokens_reasoning   Nullable(UInt64),
    -- money is an integer (billionths of a dollar), so that sums are exact
    cost_nanousd       Nullable(Int64),
    cost_usd           Nullable(Decimal(18, 9)) ALIAS CAST(toDecimal128(cost_nanousd, 9) / 1000000000, 'Nullable(Decimal(18, 9))'),
    cost_source        LowCardinality(String),
    messages           String CODEC(ZSTD(3)),

    -- retrieval
    query              String CODEC(ZSTD(3)),
    documents          String CODEC(ZSTD(3)),

    -- tool_call
    tool_name          LowCardinality(String),
    call_id            String,
    attempt            UInt16,
    effect             LowCardinality(String),
    amount_spent       Nullable(Float64),
    currency           LowCardinality(String),
    arguments          String CODEC(ZSTD(3)),
    result             String CODEC(ZSTD(3)),

    -- session_end, task end
    outcome            LowCardinality(String),
    outcome_reason     String CODEC(ZSTD(3)),

    -- every other field of the event's type, and the producer's own attributes; JSON objects
    details            String CODEC(ZSTD(3)),
    attributes         String CODEC(ZSTD(3)),

    -- what the redactor did
    redaction_version  LowCardinality(String),
    redaction_policy   LowCardinality(String),
    redaction_tier     LowCardinality(String),
    redaction_counts   Map(LowCardinality(String), UInt32),
    quarantined        UInt16,
    verified           Bool,

    -- where it stands: in the clean topic, and in the input topic before that
    cluster            LowCardinality(String),
    topic              LowCardinality(String),
    partition          UInt32,
    offset             UInt64 CODEC(Delta, ZSTD(1)),
    source_topic       LowCardinality(String),
    source_partition   UInt32,
    source_offset      UInt64 CODEC(Delta, ZSTD(1)),
    source_index       UInt32,
    ingested_at        DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD(1)),
    -- until when the sink that sent the row was sure to own its partition; later it is refused, so
    -- that a sink which was suspended and lost the partition meanwhile adds nothing
    lease_until        DateTime64(3, 'UTC') DEFAULT toDateTime64('2200-01-01 00:00:00', 3, 'UTC') CODEC(Delta, ZSTD(1)),

    INDEX by_trace trace_id TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX by_session session_id TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX by_offset offset TYPE minmax GRANULARITY 1,
    CONSTRAINT verified_only CHECK verified,
    CONSTRAINT within_lease CHECK lease_until > now64(3)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(ts)
ORDER BY (agent_name, toStartOfHour(ts), session_id, ts, event_id)
SETTINGS non_replicated_deduplication_window = 10000;

-- What was refused and why: metadata and redacted text only.
CREATE TABLE IF NOT EXISTS {database}.dead_letters
(
    dead_letter_id   String,
    kind             LowCardinality(String),
    stage            LowCardinality(String),
    reason           LowCardinality(String),
    detail           String,
    event_type       LowCardinality(String),
    event_id         String,
    size_bytes       UInt64,
    ts               DateTime64(6, 'UTC'),
    payload          String CODEC(ZSTD(3)),

    cluster          LowCardinality(String),
    topic            LowCardinality(String),
    partition        UInt32,
    offset           UInt64,
    source_topic     LowCardinality(String),
    source_partition UInt32,
    source_offset    UInt64,
    source_index     UInt32,
    ingested_at      DateTime64(3, 'UTC') DEFAULT now64(3),
    lease_until      DateTime64(3, 'UTC') DEFAULT toDateTime64('2200-01-01 00:00:00', 3, 'UTC') CODEC(Delta, ZSTD(1)),

    CONSTRAINT within_lease CHECK lease_until > now64(3)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(ts)
ORDER BY (stage, reason, ts, dead_letter_id)
SETTINGS non_replicated_deduplication_window = 10000;
