package cases;

import static com.microsoft.durabletask.OrchestrationRuntimeStatus.COMPLETED;
import static com.microsoft.durabletask.OrchestrationRuntimeStatus.FAILED;
import static com.microsoft.durabletask.OrchestrationRuntimeStatus.PENDING;

import com.microsoft.durabletask.OrchestrationMetadata;
import com.microsoft.durabletask.TaskOrchestrationContext;
import io.grpc.Status;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import support.Behaviour;
import support.Check;
import support.Context;
import support.Counts;
import support.Hub;
import support.Registry;

/** Starts at a later time, under an id that was used before, and again. */
public final class Starts {
    private static final Counts RUNS = new Counts();

    private Starts() {
    }

    public static void register(Registry registry) {
        registry.orchestration("EchoInput", ctx -> ctx.complete(ctx.getInput(Object.class)))
                .orchestration("TellTheTime", ctx -> ctx.complete(ctx.getCurrentInstant()))
                .orchestration("CountRuns", Starts::countRuns);
        registry.second("scheduled_start_during_the_restart", Behaviour.SCHEDULED_START, Starts::scheduled)
                .first("scheduled_start_of_the_past", Behaviour.SCHEDULED_START, Starts::scheduledInThePast)
                .first("id_of_an_open_instance_is_refused", Behaviour.REUSE, Starts::idInUse)
                .first("id_of_an_ended_instance_is_replaced", Behaviour.REUSE, Starts::idReplaced)
                .first("restart_under_the_same_id", Behaviour.RESTART, Starts::restartSameId)
                .first("restart_under_a_new_id", Behaviour.RESTART, Starts::restartNewId)
                .first("restart_of_what_cannot_be", Behaviour.RESTART, Starts::restartRefused);
    }

    private static void countRuns(TaskOrchestrationContext ctx) {
        int run = RUNS.next(ctx.getInstanceId());
        if (run == 1) {
            throw new IllegalStateException("the first run fails");
        }
        ctx.complete(List.of(run, ctx.getInput(Object.class)));
    }

    private static void scheduled(Context context) throws Exception {
        Instant later = Instant.now().plusSeconds(6);
        String id = context.hub.startAt("TellTheTime", context.id("root"), null, later);
        context.hub.expect(id, PENDING);
        context.inFlight();
        Instant began = context.hub.output(id, Instant.class);
        Check.that(began.plusMillis(1).isAfter(later), "began at " + began + ", not before " + later);
    }

    private static void scheduledInThePast(Context context) throws Exception {
        Instant before = Instant.now().minusMillis(1);
        String id = context.hub.startAt("TellTheTime", context.id("root"), null, Instant.EPOCH);
        Check.that(context.hub.output(id, Instant.class).isAfter(before), "began when it was accepted");
    }

    /** This client names no policy: open instances keep their id, ended ones give it away. */
    private static void idInUse(Context context) throws Exception {
        String pending = context.hub.startAt(
                "EchoInput", context.id("pending"), 1, Instant.now().plusSeconds(3600));
        String running = context.hub.start(Lifecycle.WAIT_FOR_GO, context.id("running"), null);
        String suspended = context.hub.start(Lifecycle.WAIT_FOR_GO, context.id("suspended"), null);
        context.hub.running(running);
        context.hub.running(suspended);
        context.hub.suspend(suspended);
        for (String id : List.of(pending, running, suspended)) {
            Check.refused(Status.Code.ALREADY_EXISTS,
                    () -> context.hub.client.scheduleNewOrchestrationInstance("EchoInput", 2, id));
        }
        context.hub.raise(running, "Go", "untouched");
        Check.equal("output", context.hub.output(running, String.class), "untouched");
        context.hub.terminate(pending, null);
        context.hub.terminate(suspended, null);
    }

    private static void idReplaced(Context context) throws Exception {
        String id = context.hub.start("CountRuns", context.id("root"), "first");
        OrchestrationMetadata first = context.hub.ended(id, FAILED);
        context.hub.start("CountRuns", id, "second");
        OrchestrationMetadata second = context.hub.ended(id, COMPLETED);
        Check.equal("output", second.readOutputAs(Object[].class), new Object[] {2, "second"});
        Check.equal("failure", second.getFailureDetails().getErrorType(), "");
        Check.that(second.getCreatedAt().isAfter(first.getCreatedAt()), "created anew: " + second);
    }

    private static void restartSameId(Context context) throws Exception {
        Map<String, Object> input = Map.of("order", 7, "lines", List.of("pen", "ink"));
        String id = context.hub.start("CountRuns", context.id("root"), input);
        context.hub.ended(id, FAILED);
        String restarted = Hub.answered(() -> context.hub.client.restartInstance(id, false));
        Check.equal("id", restarted, id);
        Check.equal("output", context.hub.output(id, Object[].class), new Object[] {2, input});
    }

    private static void restartNewId(Context context) throws Exception {
        String id = context.hub.start("EchoInput", context.id("root"), "again");
        OrchestrationMetadata before = context.hub.ended(id, COMPLETED);
        String restarted = Hub.answered(() -> context.hub.client.restartInstance(id, true));
        Check.that(!restarted.equals(id), "a new id: " + restarted);
        Check.equal("output", context.hub.output(restarted, String.class), "again");
        Check.equal("the original", context.hub.state(id).toString(), before.toString());
    }

    private static void restartRefused(Context context) throws Exception {
        String running = context.hub.start(Lifecycle.WAIT_FOR_GO, context.id("running"), null);
        context.hub.running(running);
        Check.refused(Status.Code.ALREADY_EXISTS, () -> context.hub.client.restartInstance(running, false));
        context.hub.terminate(running, null);
        try {
            Hub.answered(() -> context.hub.client.restartInstance(context.id("missing"), false));
        } catch (IllegalArgumentException refusal) {
            Check.contains("message", refusal.getMessage(), "was not found");
            return;
        }
        throw new Check.Failed("an unknown instance was restarted");
    }
}
