"""Tasks: what one goal of a session has used so far, and how it ended.

    event          what of a clean event is read at all
    reading        what an event says, for its task and for panes
    state          the running totals of one task, and what an event adds to them
    logical_calls  tool calls with their retries
    budgets        limits for a task, and the moment it crosses one
    summary        what is published when a task has closed

Pure functions of events, state and event time.
"""
