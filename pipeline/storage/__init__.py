"""How clean events and dead letters become rows of ClickHouse: columns, fences, batches."""
