package support;

/** What a case shows, in the words that all client programs share. */
public enum Behaviour {
    FAN_OUT("fan-out of 1,000"),
    HETEROGENEOUS("heterogeneous results"),
    FAILURES("failures with inner errors and stack traces"),
    RETRIES("retry policies"),
    WHEN_ANY("when_any with cancelled timers"),
    EARLY_EVENTS("events before start"),
    TEN_EVENTS("ten events of the same name"),
    EVENT_NAME_CASE("event names in different case"),
    CONTINUE_AS_NEW("continue-as-new with carry-over"),
    CHILDREN_BY_ID("sub-orchestrations by explicit id"),
    FAILING_CHILDREN("failing sub-orchestrations"),
    RECURSIVE_TERMINATE("recursive terminate"),
    PLAIN_TERMINATE("non-recursive terminate"),
    SUSPEND("suspend with events and timers meanwhile"),
    SCHEDULED_START("scheduled start"),
    REUSE("reuse policies"),
    VERSIONS("versioned workers with filters"),
    UNACCEPTED("work that no worker accepts stays pending"),
    SPLIT("two workers that split the work"),
    KILLED_WORKER("a worker killed in the middle"),
    ENTITIES_BY_FUNCTION("entities by function"),
    ENTITIES_BY_CLASS("entities by class"),
    ENTITY_CALLS("entity calls"),
    ENTITY_SIGNALS("entity signals"),
    DELAYED_SIGNALS("delayed entity signals"),
    ENTITY_FAILURES("entity failures"),
    ENTITY_DELETION("entity deletion"),
    ENTITY_QUERY("entity query and paging"),
    LOCKS("locks over two entities"),
    LOCKS_FREED("locks freed when the holder ends"),
    SCHEDULES("schedules"),
    QUERY("query and list with paging"),
    HISTORY("history in full and in order"),
    REWIND("rewind after repair"),
    NESTED_REWIND("rewind of nested and several failures"),
    RESTART("restart"),
    PURGE_BY_ID("purge by id"),
    PURGE_BY_FILTER("purge by filter"),
    PURGE_BATCH("purge of a batch"),
    METADATA("tags, custom status and parent links"),
    LARGE_PAYLOADS("large payloads"),
    HISTORY_EXPORT("history export"),
    TIMERS("durable timers");

    public final String text;

    Behaviour(String text) {
        this.text = text;
    }
}
