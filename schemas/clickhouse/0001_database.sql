-- The database, and the record of which of these files were applied to it.
--
-- Rules for every file here: numbers without gaps; never changed once released; {database} stands
-- for clickhouse.database; every statement can be run again (IF NOT EXISTS, IF EXISTS), because a
-- run that breaks off half-way, or two runs at once, run statements twice. ClickHouse has no
-- transactions around DDL.

CREATE DATABASE IF NOT EXISTS {database};

-- Replaced by number: two runs that recorded the same file leave one row.
CREATE TABLE IF NOT EXISTS {database}.schema_migrations
(
    number     UInt32,
    name       String,
    checksum   String COMMENT 'SHA-256 of the file, hexadecimal',
    applied_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY number
SETTINGS non_replicated_deduplication_window = 100;
