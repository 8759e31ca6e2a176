package cases;

import static com.microsoft.durabletask.OrchestrationRuntimeStatus.TERMINATED;

import com.microsoft.durabletask.FailureDetails;
import com.microsoft.durabletask.OrchestrationRuntimeStatus;
import com.microsoft.durabletask.Task;
import com.microsoft.durabletask.TaskActivityContext;
import com.microsoft.durabletask.TaskOrchestrationContext;
import java.util.ArrayList;
import java.util.List;
import support.Behaviour;
import support.Check;
import support.Context;
import support.Counts;
import support.Hub;
import support.Registry;
import support.Worker;

/** Payloads of about a megabyte, and answers of a worker beyond gRPC's 4 MiB. */
public final class Payloads {
    /** With what JSON escapes and what takes several bytes: about a megabyte on the wire. */
    private static final String LARGE = "lörem \"ipsum\"\n✗𝄞\\ ".repeat(36_000);

    private static final int PIECES = 60;
    private static final String PIECE = "0123456789".repeat(10_000);

    private static final Counts PIECES_SEEN = new Counts();

    private Payloads() {
    }

    public static void register(Registry registry) {
        registerTasks(registry);
        registry.second("large_input_and_output", Behaviour.LARGE_PAYLOADS, Payloads::inputAndOutput)
                .second("large_activity_input_and_result", Behaviour.LARGE_PAYLOADS, Payloads::activity)
                .second("large_event_and_custom_status", Behaviour.LARGE_PAYLOADS, Payloads::event)
                .second("large_child_and_terminate_output", Behaviour.LARGE_PAYLOADS, Payloads::child)
                .first("answer_beyond_4_mib", Behaviour.LARGE_PAYLOADS, Payloads::largeAnswer)
                .first("history_beyond_4_mib", Behaviour.LARGE_PAYLOADS, Payloads::largeHistory);
    }

    private static void registerTasks(Registry registry) {
        registry.activity("EchoText", ctx -> ctx.getInput(String.class))
                .activity("SeePiece", Payloads::seePiece)
                .orchestration("EchoByActivity", Payloads::echoByActivity)
                .orchestration("EchoEventAsStatus", Payloads::echoEventAsStatus)
                .orchestration("EchoByChild", Payloads::echoByChild)
                .orchestration("ScheduleAndEnd", Payloads::scheduleAndEnd)
                .orchestration("ScheduleAndWait", Payloads::scheduleAndWait);
    }

    private static void echoByActivity(TaskOrchestrationContext ctx) {
        ctx.waitForExternalEvent("Go").await();
        String answer = ctx.callActivity("EchoText", LARGE, String.class).await();
        ctx.complete(answer.equals(LARGE));
    }

    private static void echoEventAsStatus(TaskOrchestrationContext ctx) {
        ctx.setCustomStatus(ctx.waitForExternalEvent("Text", String.class).await());
        ctx.waitForExternalEvent("Go").await();
        ctx.complete(null);
    }

    private static void echoByChild(TaskOrchestrationContext ctx) {
        String child = ctx.getInput(String.class);
        ctx.complete(ctx.callSubOrchestrator("EchoInput", LARGE, child, String.class).await());
    }

    record Piece(String run, int number, String text) {
    }

    private static Object seePiece(TaskActivityContext ctx) {
        Piece piece = ctx.getInput(Piece.class);
        if (piece.text().equals(PIECE)) {
            PIECES_SEEN.next(piece.run());
        }
        return piece.number();
    }

    private static List<Task<Integer>> schedulePieces(TaskOrchestrationContext ctx) {
        List<Task<Integer>> tasks = new ArrayList<>();
        for (int n = 0; n < PIECES; n++) {
            tasks.add(ctx.callActivity("SeePiece", new Piece(ctx.getInstanceId(), n, PIECE), Integer.class));
        }
        return tasks;
    }

    private static void scheduleAndEnd(TaskOrchestrationContext ctx) {
        ctx.complete(schedulePieces(ctx).size());
    }

    private static void scheduleAndWait(TaskOrchestrationContext ctx) {
        ctx.complete(ctx.allOf(schedulePieces(ctx)).await().size());
    }

    private static void inputAndOutput(Context context) throws Exception {
        context.inFlight();
        String id = context.hub.start("EchoInput", context.id("root"), LARGE);
        Check.equal("output", context.hub.output(id, String.class), LARGE);
        Check.equal("input", context.hub.state(id).readInputAs(String.class), LARGE);
    }

    private static void activity(Context context) throws Exception {
        String id = context.hub.start("EchoByActivity", context.id("root"), null);
        context.hub.running(id);
        context.inFlight();
        context.hub.raise(id, "Go", null);
        Check.equal("the same came back", context.hub.output(id, Boolean.class), true);
    }

    private static void event(Context context) throws Exception {
        String id = context.hub.start("EchoEventAsStatus", context.id("root"), null);
        context.hub.raise(id, "Text", LARGE);
        Check.until("the status is set", () -> context.hub.state(id).isCustomStatusFetched());
        context.inFlight();
        Check.equal("status", context.hub.state(id).readCustomStatusAs(String.class), LARGE);
        context.hub.raise(id, "Go", null);
        context.hub.output(id, Object.class);
    }

    private static void child(Context context) throws Exception {
        String waiting = context.hub.start(Lifecycle.WAIT_FOR_GO, context.id("waiting"), null);
        context.hub.running(waiting);
        context.inFlight();
        String parent = context.hub.start("EchoByChild", context.id("parent"), context.id("child"));
        Check.equal("output of the parent", context.hub.output(parent, String.class), LARGE);
        context.hub.terminate(waiting, LARGE);
        Check.equal("output of the terminated one",
                context.hub.ended(waiting, TERMINATED).readOutputAs(String.class), LARGE);
    }

    /** One answer with 6 MB of activities: this version of the client does not split it. */
    private static void largeAnswer(Context context) throws Exception {
        String id = context.hub.start("ScheduleAndEnd", context.id("root"), null);
        Check.equal("output", context.hub.output(id, Integer.class), PIECES);
        Check.until("all activities run", () -> PIECES_SEEN.of(id) == PIECES);
    }

    /** This client cannot stream a history: one that fits no message ends its instance, and holds up nobody. */
    private static void largeHistory(Context context) throws Exception {
        Registry registry = new Registry();
        registerTasks(registry);
        try (Hub hub = context.ownHub();
                Worker worker = Worker.of(hub, registry).start()) {
            worker.connected();
            String id = hub.start("ScheduleAndWait", context.id("root"), null);
            String small = hub.start("EchoEventAsStatus", context.id("small"), null);
            FailureDetails failure = hub.ended(id, OrchestrationRuntimeStatus.FAILED).getFailureDetails();
            Check.equal("error type", failure.getErrorType(), "HistoryTooLarge");
            Check.contains("error", failure.getErrorMessage(), "--max-sent-message-bytes");
            hub.raise(small, "Text", "still here");
            hub.raise(small, "Go", null);
            hub.ended(small, OrchestrationRuntimeStatus.COMPLETED);
        }
    }
}
