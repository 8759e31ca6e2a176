"""The cases by theme; each module registers its own functions and checks."""

from cases import (
    asynchronous, children, continuing, entities, entity_calls, entity_queries, entity_signals,
    events, export, failures, fan_out, filters, history, killed, lifecycle, locks, lost_locks,
    payloads, purge, queries, restart, results, retries, rewind, rewind_many, schedules, starts,
    status, timers, two_workers, versions)

THEMES = [
    fan_out, results, failures, retries, timers, events, continuing, children, lifecycle, starts,
    status, versions, filters, two_workers, killed, entities, entity_calls, entity_signals,
    entity_queries, locks, lost_locks, schedules, queries, history, rewind, rewind_many, restart,
    purge, payloads, export, asynchronous]
