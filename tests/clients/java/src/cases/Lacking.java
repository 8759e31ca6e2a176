package cases;

import support.Behaviour;
import support.Registry;

/** What version 1.5.0 of the client has no feature for. */
public final class Lacking {
    private static final String ENTITIES = "client 1.5.0 has no entities";

    private Lacking() {
    }

    public static void register(Registry registry) {
        registry.skip("entities_by_function", Behaviour.ENTITIES_BY_FUNCTION, ENTITIES)
                .skip("entities_by_class", Behaviour.ENTITIES_BY_CLASS, ENTITIES)
                .skip("entity_calls", Behaviour.ENTITY_CALLS, ENTITIES)
                .skip("entity_signals", Behaviour.ENTITY_SIGNALS, ENTITIES)
                .skip("delayed_entity_signals", Behaviour.DELAYED_SIGNALS, ENTITIES)
                .skip("entity_failures", Behaviour.ENTITY_FAILURES, ENTITIES)
                .skip("entity_deletion", Behaviour.ENTITY_DELETION, ENTITIES)
                .skip("entity_query", Behaviour.ENTITY_QUERY, ENTITIES)
                .skip("locks", Behaviour.LOCKS, ENTITIES)
                .skip("locks_freed", Behaviour.LOCKS_FREED, ENTITIES)
                .skip("schedules", Behaviour.SCHEDULES, "client 1.5.0 has no schedules")
                .skip("versions_and_filters", Behaviour.VERSIONS,
                        "client 1.5.0 has no work item filters, and its workers do not see versions")
                .skip("recursive_terminate", Behaviour.RECURSIVE_TERMINATE,
                        "client 1.5.0 cannot ask for a recursive terminate")
                .skip("history", Behaviour.HISTORY, "client 1.5.0 cannot read histories")
                .skip("rewind", Behaviour.REWIND, "client 1.5.0 has no rewind")
                .skip("nested_rewind", Behaviour.NESTED_REWIND, "client 1.5.0 has no rewind")
                .skip("purge_of_a_batch", Behaviour.PURGE_BATCH, "client 1.5.0 purges by one id or by filter only")
                .skip("history_export", Behaviour.HISTORY_EXPORT, "client 1.5.0 has no history export")
                .skip("tags_and_parent_links", Behaviour.METADATA,
                        "client 1.5.0 has no tags and does not show parents; its custom status has a case");
    }
}
