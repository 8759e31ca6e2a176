package cases;

import static com.microsoft.durabletask.OrchestrationRuntimeStatus.COMPLETED;
import static com.microsoft.durabletask.OrchestrationRuntimeStatus.FAILED;
import static com.microsoft.durabletask.OrchestrationRuntimeStatus.RUNNING;
import static com.microsoft.durabletask.OrchestrationRuntimeStatus.TERMINATED;

import com.microsoft.durabletask.PurgeInstanceCriteria;
import java.time.Instant;
import java.util.List;
import support.Behaviour;
import support.Check;
import support.Context;
import support.Hub;
import support.Registry;
import support.Worker;

/** Purges remove what has ended, count it, and touch nothing else. */
public final class Purges {
    private Purges() {
    }

    public static void register(Registry registry) {
        registry.first("purge_by_id", Behaviour.PURGE_BY_ID, Purges::byId)
                .second("purged_stays_purged_after_the_restart", Behaviour.PURGE_BY_ID, Purges::staysPurged)
                .first("purge_by_filter", Behaviour.PURGE_BY_FILTER, Purges::inOwnHub);
    }

    private static int purged(Hub hub, String id) throws Exception {
        return Hub.answered(() -> hub.client.purgeInstance(id)).getDeletedInstanceCount();
    }

    private static int purged(Hub hub, PurgeInstanceCriteria criteria) throws Exception {
        return Hub.answered(() -> hub.client.purgeInstances(criteria)).getDeletedInstanceCount();
    }

    private static void byId(Context context) throws Exception {
        Hub hub = context.hub;
        String child = context.id("child");
        String parent = hub.start("ParentOf", context.id("parent"), List.of(child));
        hub.running(child);
        Check.equal("purged while running", purged(hub, parent), 0);
        hub.expect(parent, RUNNING);
        hub.raise(child, "Go", "done");
        hub.ended(parent, COMPLETED);
        Check.equal("purged", purged(hub, parent), 1);
        Check.that(!hub.state(parent).isInstanceFound(), parent + " is gone");
        Check.equal("purged again", purged(hub, parent), 0);
        Check.equal("output of the child", hub.output(child, String.class), "done");
    }

    private static void staysPurged(Context context) throws Exception {
        String id = context.hub.start("EchoInput", context.id("root"), "old");
        context.hub.ended(id, COMPLETED);
        Check.equal("purged", purged(context.hub, id), 1);
        context.inFlight();
        Check.that(!context.hub.state(id).isInstanceFound(), id + " is gone");
        context.hub.start("EchoInput", id, "new");
        Check.equal("output", context.hub.output(id, String.class), "new");
    }

    private static void inOwnHub(Context context) throws Exception {
        Registry registry = new Registry();
        Starts.register(registry);
        Failures.register(registry);
        Lifecycle.register(registry);
        try (Hub hub = context.ownHub(); Worker worker = Worker.of(hub, registry).start()) {
            worker.connected();
            byFilter(context, hub);
        }
    }

    private static void byFilter(Context context, Hub hub) throws Exception {
        String completed = hub.start("EchoInput", context.id("completed"), 1);
        Instant first = hub.ended(completed, COMPLETED).getCreatedAt();
        String failed = hub.start("Unhandled", context.id("failed"), null);
        Instant failedAt = hub.ended(failed, FAILED).getCreatedAt();
        String running = hub.start(Lifecycle.WAIT_FOR_GO, context.id("running"), null);
        Instant runningAt = hub.running(running).getCreatedAt();
        String terminated = hub.start(Lifecycle.WAIT_FOR_GO, context.id("terminated"), null);
        hub.terminate(terminated, null);
        hub.ended(terminated, TERMINATED);

        Check.equal("created earlier", purged(hub, from(first.minusSeconds(9)).setCreatedTimeTo(first)), 0);
        Check.equal("of no matching status", purged(hub,
                from(failedAt).setCreatedTimeTo(runningAt).setRuntimeStatusList(List.of(COMPLETED, RUNNING))), 0);
        Check.equal("failed ones of a window", purged(hub,
                from(failedAt).setCreatedTimeTo(runningAt).setRuntimeStatusList(List.of(FAILED))), 1);
        Check.that(!hub.state(failed).isInstanceFound(), failed + " is gone");
        Check.equal("all that ended", purged(hub, from(first)), 2);
        Check.that(!hub.state(completed).isInstanceFound(), completed + " is gone");
        Check.that(!hub.state(terminated).isInstanceFound(), terminated + " is gone");
        hub.raise(running, "Go", "untouched");
        Check.equal("output", hub.output(running, String.class), "untouched");
    }

    private static PurgeInstanceCriteria from(Instant time) {
        return new PurgeInstanceCriteria().setCreatedTimeFrom(time);
    }
}
