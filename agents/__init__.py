"""The Faust apps (stream processors), one module a role, and what serves them all.

    redactor    agent.events.raw   -> agent.events.clean, agent.events.dlq
    aggregator  agent.events.clean -> tasks, partials of windows, signals
    detector    partials, signals  -> windows, alerts, modes
    sink        events, dead letters, tasks, windows, alerts -> ClickHouse

Why nothing is lost:

1. Kafka is told that a record is done only after everything that came of it was acknowledged, by
   Kafka (`acks=all`) or by ClickHouse. `delivery` hands over runs of records, `run_consumer`
   commits exactly the finished ones, in order.
2. A service that is away is waited for in place, for ever (`RetryableError` in `delivery`), in
   bounded memory (`intake`).
3. What nobody foresaw ends the process with nothing finished (`fail_stop`), what hangs is ended
   (`watchdog`), and the next process begins at the last commit.
4. What cannot be used is a dead letter, acknowledged like any other output.

So a record may come twice. Why nothing counts twice:

5. State carries its fence, the last input it has counted, in the same record (`state`); a record
   at or below it is skipped. What `changelog` restores after a crash is state and fence together.
6. An output names its place in the input, so that one sent again is known downstream; the sink
   asks ClickHouse which places it has, and an insert that is repeated has the same token (`sink`).
   Tasks, windows and alerts replace what has their key (`replacing_sink`).
7. What an agent published twice is known by its event id, within a horizon (`sink`).
8. A worker that was suspended and lost its partitions meanwhile finds its lease over: it sends no
   state, and ClickHouse refuses its rows (`lease`).

And why we would notice: `sluice reconcile` compares Kafka with ClickHouse, place by place, and its
findings are an alert; `tests/fault` breaks each of these points, and switches each guard off to see
that the oracle sees it. docs/delivery.md has what was measured, and what this does not cover.
"""
