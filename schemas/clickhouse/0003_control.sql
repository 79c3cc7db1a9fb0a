-- Tasks, windows and alerts: rows that replace themselves. Of rows with one key the one with the
-- highest `version` (Kafka's time of its record, in ms) holds; read with FINAL.

-- One row for each closed task.
CREATE TABLE IF NOT EXISTS {database}.tasks
(
    id                    String,
    opened                DateTime64(3, 'UTC'),
    session_id            String,
    task_id               String,
    trace_id              String,
    agent_name            LowCardinality(String),
    release_version       LowCardinality(String),
    workflow              LowCardinality(String),
    tenant_id             LowCardinality(String),
    capability_tier       LowCardinality(String),
    environment           LowCardinality(String),
    model                 LowCardinality(String),
    prompt_version        LowCardinality(String),
    started               DateTime64(3, 'UTC'),
    last_event            DateTime64(3, 'UTC'),
    closed                DateTime64(3, 'UTC'),
    closed_by             LowCardinality(String),
    outcome               LowCardinality(String),
    duration_ms           UInt64,
    events                UInt64,
    untraced_events       UInt64,
    tokens_in             UInt64,
    tokens_out            UInt64,
    tokens_cached         UInt64,
    -- money is an integer (billionths of a dollar), so that sums are exact
    cost_nanousd          Int64,
    llm_calls             UInt64,
    tool_calls            UInt64,
    logical_tool_calls    UInt64,
    logical_tool_failures UInt64,
    documents             UInt64,
    errors                Map(String, UInt64),
    budget_levels         Array(String),
    version               UInt64,

    INDEX by_session session_id TYPE bloom_filter(0.01) GRANULARITY 4
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(opened)
ORDER BY (opened, id)
SETTINGS non_replicated_deduplication_window = 10000;

-- Statistics of one dimension over one rolling window. Digests are states that SQL merges:
--   SELECT quantilesTDigestWeightedMerge(0.5, 0.95)(latency_ms) FROM windows FINAL WHERE …
-- Windows of one name overlap, except those that end on whole multiples of their length.
CREATE TABLE IF NOT EXISTS {database}.windows
(
    name         LowCardinality(String) COMMENT '1m, 5m, 1h, 24h, 7d',
    kind         LowCardinality(String) COMMENT 'label names joined by +, or all',
    labels       Map(LowCardinality(String), String),
    start        DateTime64(3, 'UTC'),
    end          DateTime64(3, 'UTC'),
    final        Bool,
    count        UInt64,
    rate         Float64 COMMENT 'events a second',
    success      UInt64,
    failure      UInt64,
    success_rate Nullable(Float64),
    counters     Map(LowCardinality(String), Int64),
    -- by measure, in the unit of its name
    counts       Map(LowCardinality(String), UInt64),
    totals       Map(LowCardinality(String), Float64),
    means        Map(LowCardinality(String), Float64),
    p50          Map(LowCardinality(String), Float64),
    p90          Map(LowCardinality(String), Float64),
    p95          Map(LowCardinality(String), Float64),
    p99          Map(LowCardinality(String), Float64),
    -- centroids come in, states are stored
    latency_ms_means         Array(Float64) EPHEMERAL,
    latency_ms_weights       Array(UInt64) EPHEMERAL,
    latency_ms               AggregateFunction(quantilesTDigestWeighted(0.5, 0.9, 0.95, 0.99), Float64, UInt64) DEFAULT arrayReduce('quantilesTDigestWeightedState(0.5, 0.9, 0.95, 0.99)', latency_ms_means, latency_ms_weights),
    tokens_means             Array(Float64) EPHEMERAL,
    tokens_weights           Array(UInt64) EPHEMERAL,
    tokens                   AggregateFunction(quantilesTDigestWeighted(0.5, 0.9, 0.95, 0.99), Float64, UInt64) DEFAULT arrayReduce('quantilesTDigestWeightedState(0.5, 0.9, 0.95, 0.99)', tokens_means, tokens_weights),
    cost_usd_means           Array(Float64) EPHEMERAL,
    cost_usd_weights         Array(UInt64) EPHEMERAL,
    cost_usd                 AggregateFunction(quantilesTDigestWeighted(0.5, 0.9, 0.95, 0.99), Float64, UInt64) DEFAULT arrayReduce('quantilesTDigestWeightedState(0.5, 0.9, 0.95, 0.99)', cost_usd_means, cost_usd_weights),
    task_tokens_means        Array(Float64) EPHEMERAL,
    task_tokens_weights      Array(UInt64) EPHEMERAL,
    task_tokens              AggregateFunction(quantilesTDigestWeighted(0.5, 0.9, 0.95, 0.99), Float64, UInt64) DEFAULT arrayReduce('quantilesTDigestWeightedState(0.5, 0.9, 0.95, 0.99)', task_tokens_means, task_tokens_weights),
    task_cost_usd_means      Array(Float64) EPHEMERAL,
    task_cost_usd_weights    Array(UInt64) EPHEMERAL,
    task_cost_usd            AggregateFunction(quantilesTDigestWeighted(0.5, 0.9, 0.95, 0.99), Float64, UInt64) DEFAULT arrayReduce('quantilesTDigestWeightedState(0.5, 0.9, 0.95, 0.99)', task_cost_usd_means, task_cost_usd_weights),
    task_duration_ms_means   Array(Float64) EPHEMERAL,
    task_duration_ms_weights Array(UInt64) EPHEMERAL,
    task_duration_ms         AggregateFunction(quantilesTDigestWeighted(0.5, 0.9, 0.95, 0.99), Float64, UInt64) DEFAULT arrayReduce('quantilesTDigestWeightedState(0.5, 0.9, 0.95, 0.99)', task_duration_ms_means, task_duration_ms_weights),
    key          String COMMENT 'kind and label values',
    version      UInt64
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(end)
ORDER BY (name, key, end)
SETTINGS non_replicated_deduplication_window = 10000;

-- One row for each episode of an alert, as it last stood.
CREATE TABLE IF NOT EXISTS {database}.alerts
(
    fingerprint  String,
    episode      String,
    rule         LowCardinality(String),
    labels       Map(LowCardinality(String), String),
    status       LowCardinality(String),
    severity     LowCardinality(String),
    summary      String,
    active_since DateTime64(3, 'UTC'),
    fired_at     Nullable(DateTime64(3, 'UTC')),
    resolved_at  Nullable(DateTime64(3, 'UTC')),
    updated_at   DateTime64(3, 'UTC'),
    value        Float64,
    threshold    Float64,
    baseline     Nullable(Float64),
    window_start DateTime64(3, 'UTC'),
    window_end   DateTime64(3, 'UTC'),
    sample_size  UInt64,
    ratio        Float64,
    suppressed   Bool,
    inhibited_by Array(String),
    silenced_by  Array(String),
    examples     Array(String) COMMENT 'trace ids',
    details      String COMMENT 'JSON object' CODEC(ZSTD(3)),
    version      UInt64
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(active_since)
ORDER BY (fingerprint, episode)
SETTINGS non_replicated_deduplication_window = 10000;
