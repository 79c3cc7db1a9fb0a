"""The stack on one machine: a Kafka broker, the ClickHouse engine, the workers, a supervisor."""
