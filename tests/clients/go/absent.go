package main

// Behaviours of which the Go client has nothing at all.

func absent(b *book) {
	const (
		noEntities = "the Go client has no entities: no functions, no classes, no calls, no signals, no queries"
		noLocks    = "the Go client has no entities, so it has no locks"
		noRewind   = "the Go client has no rewind, and its worker fails on the event"
	)
	b.absent(versionedWorkers, "versioned_workers_with_filters", "the Go client sends no versions, its worker no filters")
	for behaviour, name := range map[string]string{
		entitiesByFunction:   "entities_by_function",
		entitiesByClass:      "entities_by_class",
		entityCalls:          "entity_calls",
		entitySignals:        "entity_signals",
		delayedEntitySignals: "delayed_entity_signals",
		entityFailures:       "entity_failures",
		entityDeletion:       "entity_deletion",
		entityQuery:          "entity_query_and_paging",
	} {
		b.absent(behaviour, name, noEntities)
	}
	b.absent(locksOverTwo, "locks_over_two_entities", noLocks)
	b.absent(locksFreed, "locks_freed_when_the_holder_ends", noLocks)
	b.absent(schedules, "schedules", "the Go client has no schedules")
	b.absent(historyInFull, "history_in_full_and_in_order", "the Go client cannot read a history")
	b.absent(rewindAfterRepair, "rewind_after_repair", noRewind)
	b.absent(rewindNested, "rewind_of_nested_and_several_failures", noRewind)
	b.absent(restart, "restart", "the Go client has no restart")
	b.absent(purgeByFilter, "purge_by_filter", "the Go client purges by id only")
	b.absent(purgeOfBatch, "purge_of_a_batch", "the Go client purges one id at a time")
	b.absent(historyExport, "history_export", "the Go client has no history export")
}
