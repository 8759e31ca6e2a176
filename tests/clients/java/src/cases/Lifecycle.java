package cases;

import static com.microsoft.durabletask.OrchestrationRuntimeStatus.COMPLETED;
import static com.microsoft.durabletask.OrchestrationRuntimeStatus.RUNNING;
import static com.microsoft.durabletask.OrchestrationRuntimeStatus.SUSPENDED;
import static com.microsoft.durabletask.OrchestrationRuntimeStatus.TERMINATED;

import com.microsoft.durabletask.OrchestrationMetadata;
import com.microsoft.durabletask.Task;
import com.microsoft.durabletask.TaskOrchestrationContext;
import io.grpc.Status;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import support.Behaviour;
import support.Check;
import support.Context;
import support.Hub;
import support.Registry;

/** Terminate, suspend and resume, and the custom status of what is under way. */
public final class Lifecycle {
    static final String WAIT_FOR_GO = "WaitForGo";

    private static final Duration TIMER = Duration.ofSeconds(4);
    private static final Duration WITHHELD = Duration.ofMillis(500);
    private static final int ROUNDS = 30;

    private Lifecycle() {
    }

    public static void register(Registry registry) {
        registry.orchestration(WAIT_FOR_GO, ctx ->
                        ctx.complete(ctx.waitForExternalEvent("Go", Object.class).await()))
                .activity("Echo", ctx -> ctx.getInput(Integer.class))
                .orchestration("TimerEventActivity", Lifecycle::timerEventActivity)
                .orchestration("ManyRounds", Lifecycle::manyRounds)
                .orchestration("TellProgress", Lifecycle::tellProgress);
        registry.second("terminate_spares_children", Behaviour.PLAIN_TERMINATE, Lifecycle::sparesChildren)
                .first("terminate_gives_its_output", Behaviour.PLAIN_TERMINATE, Lifecycle::terminateOutputs)
                .first("terminate_of_an_ended_instance", Behaviour.PLAIN_TERMINATE, Lifecycle::terminateEnded)
                .first("terminate_overrides_suspension", Behaviour.PLAIN_TERMINATE, Lifecycle::terminateSuspended)
                .second("suspension_outlasts_the_restart", Behaviour.SUSPEND, Lifecycle::suspension)
                .first("suspend_and_resume_twice", Behaviour.SUSPEND, Lifecycle::suspendTwice)
                .first("suspend_with_work_under_way", Behaviour.SUSPEND, Lifecycle::suspendManyTimes)
                .first("lifecycle_of_an_unknown_instance", Behaviour.SUSPEND, Lifecycle::unknown)
                .second("custom_status", Behaviour.METADATA, Lifecycle::customStatus);
    }

    record Woken(Instant woke, String event, int answer) {
    }

    private static void timerEventActivity(TaskOrchestrationContext ctx) {
        Task<Void> timer = ctx.createTimer(TIMER);
        Task<String> event = ctx.waitForExternalEvent("Go", String.class);
        timer.await();
        Instant woke = ctx.getCurrentInstant();
        int answer = ctx.callActivity("Echo", 42, Integer.class).await();
        ctx.complete(new Woken(woke, event.await(), answer));
    }

    private static void manyRounds(TaskOrchestrationContext ctx) {
        int sum = 0;
        for (int n = 1; n <= ROUNDS; n++) {
            sum += ctx.callActivity("Echo", n, Integer.class).await();
        }
        ctx.complete(sum);
    }

    record Progress(String text, List<Integer> steps) {
    }

    private static void tellProgress(TaskOrchestrationContext ctx) {
        ctx.setCustomStatus(new Progress("half way", List.of(1, 2)));
        ctx.waitForExternalEvent("Go").await();
        ctx.clearCustomStatus();
        ctx.waitForExternalEvent("Finish").await();
        ctx.setCustomStatus("all the way");
        ctx.complete(null);
    }

    private static void sparesChildren(Context context) throws Exception {
        String child = context.id("child");
        String parent = context.hub.start("ParentOf", context.id("parent"), List.of(child));
        context.hub.running(child);
        context.inFlight();
        context.hub.terminate(parent, "parent only");
        Check.equal("output of the parent",
                context.hub.ended(parent, TERMINATED).readOutputAs(String.class), "parent only");
        context.hub.expect(child, RUNNING);
        context.hub.raise(child, "Go", "spared");
        Check.equal("output of the child", context.hub.output(child, String.class), "spared");
    }

    private static void terminateOutputs(Context context) throws Exception {
        String id = context.hub.start(WAIT_FOR_GO, context.id("with"), null);
        context.hub.terminate(id, Map.of("why", "enough"));
        OrchestrationMetadata state = context.hub.ended(id, TERMINATED);
        Check.equal("output", state.readOutputAs(Map.class), Map.of("why", "enough"));
        Check.equal("failure", state.getFailureDetails().getErrorType(), "");

        String silent = context.hub.start(WAIT_FOR_GO, context.id("without"), null);
        context.hub.running(silent);
        context.hub.terminate(silent, null);
        Check.equal("no output", context.hub.ended(silent, TERMINATED).getSerializedOutput(), "");
    }

    private static void terminateEnded(Context context) throws Exception {
        String id = context.hub.start(WAIT_FOR_GO, context.id("root"), null);
        context.hub.raise(id, "Go", "done");
        OrchestrationMetadata before = context.hub.ended(id, COMPLETED);
        context.hub.terminate(id, "too late");
        context.hub.suspend(id);
        context.hub.resume(id);
        Check.equal("state", context.hub.state(id).toString(), before.toString());
    }

    private static void terminateSuspended(Context context) throws Exception {
        String id = context.hub.start(WAIT_FOR_GO, context.id("root"), null);
        context.hub.running(id);
        context.hub.suspend(id);
        context.hub.raise(id, "Go", "withheld");
        context.hub.terminate(id, "over");
        Check.equal("output", context.hub.ended(id, TERMINATED).readOutputAs(String.class), "over");
    }

    private static void suspension(Context context) throws Exception {
        String id = context.hub.start("TimerEventActivity", context.id("root"), null);
        Instant timerIsOver = context.hub.running(id).getLastUpdatedAt().plus(TIMER);
        context.hub.suspend(id);
        context.hub.expect(id, SUSPENDED);
        context.hub.raise(id, "Go", "meanwhile");
        context.inFlight();
        Check.until("the timer is due", () -> Instant.now().isAfter(timerIsOver));
        context.hub.staysOpen(id, WITHHELD);
        context.hub.expect(id, SUSPENDED);
        Instant resumed = Instant.now();
        context.hub.resume(id);
        Woken woken = context.hub.output(id, Woken.class);
        Check.equal("event", woken.event(), "meanwhile");
        Check.equal("answer", woken.answer(), 42);
        Check.that(woken.woke().isAfter(resumed.minusMillis(1)), "woke after it was resumed: " + woken);
    }

    private static void suspendTwice(Context context) throws Exception {
        String id = context.hub.start(WAIT_FOR_GO, context.id("root"), null);
        context.hub.running(id);
        context.hub.resume(id);
        context.hub.expect(id, RUNNING);
        context.hub.suspend(id);
        context.hub.suspend(id);
        context.hub.expect(id, SUSPENDED);
        context.hub.resume(id);
        context.hub.resume(id);
        context.hub.expect(id, RUNNING);
        context.hub.raise(id, "Go", 1);
        Check.equal("output", context.hub.output(id, Integer.class), 1);
    }

    /** Suspends and resumes at moments that nothing synchronises with the turns. */
    private static void suspendManyTimes(Context context) throws Exception {
        String id = context.hub.start("ManyRounds", context.id("root"), null);
        for (int n = 0; n < 15; n++) {
            context.hub.suspend(id);
            context.hub.resume(id);
        }
        Check.equal("sum", context.hub.output(id, Integer.class), ROUNDS * (ROUNDS + 1) / 2);
    }

    private static void unknown(Context context) throws Exception {
        String missing = context.id("missing");
        Check.refused(Status.Code.NOT_FOUND, () -> {
            context.hub.client.terminate(missing, null);
            return "terminate";
        });
        Check.refused(Status.Code.NOT_FOUND, () -> {
            context.hub.client.suspendInstance(missing);
            return "suspend";
        });
        Check.refused(Status.Code.NOT_FOUND, () -> {
            context.hub.client.resumeInstance(missing);
            return "resume";
        });
        Check.that(!context.hub.state(missing).isInstanceFound(), "no state of " + missing);
        OrchestrationMetadata waited =
                Hub.answered(() -> context.hub.client.waitForInstanceCompletion(missing, Hub.DEADLINE, true));
        Check.that(!waited.isInstanceFound(), "no end of " + missing);
    }

    /** The only one of tags, custom status and parent links that this client has. */
    private static void customStatus(Context context) throws Exception {
        String id = context.hub.start("TellProgress", context.id("root"), null);
        Progress progress = new Progress("half way", List.of(1, 2));
        Check.equal("status at the first turn",
                context.hub.running(id).readCustomStatusAs(Progress.class), progress);
        context.inFlight();
        Check.equal("status after the restart",
                context.hub.state(id).readCustomStatusAs(Progress.class), progress);
        context.hub.raise(id, "Go", null);
        Check.until("the status is cleared", () -> !context.hub.state(id).isCustomStatusFetched());
        context.hub.raise(id, "Finish", null);
        Check.equal("status at the end",
                context.hub.ended(id, COMPLETED).readCustomStatusAs(String.class), "all the way");
    }
}
