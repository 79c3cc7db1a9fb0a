"""Detection: what rolling windows say, as alerts for people and modes for agents.

    rules/        what to watch, as data: YAML, compiled and checked
    view          what detection reads: statistics of a dimension and a measure over event time
    evaluators/   one file a kind of rule: from windows to a finding
    lifecycle     from findings to alerts: pending, firing, resolved
    inhibition, silences
                  which alerts stay quiet, and why
    backpressure  from alerts to modes: normal, read_only, escalate
    subscriber    the agent's side of backpressure
    detector      all of it, one tick of event time at a time

Everything here is a pure function of windows, rules, state and event time.
"""
