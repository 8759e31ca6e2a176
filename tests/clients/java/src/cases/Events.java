package cases;

import static com.microsoft.durabletask.OrchestrationRuntimeStatus.COMPLETED;
import static com.microsoft.durabletask.OrchestrationRuntimeStatus.PENDING;
import static com.microsoft.durabletask.OrchestrationRuntimeStatus.SUSPENDED;

import com.microsoft.durabletask.OrchestrationMetadata;
import com.microsoft.durabletask.Task;
import com.microsoft.durabletask.TaskOrchestrationContext;
import io.grpc.Status;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import support.Behaviour;
import support.Check;
import support.Context;
import support.Registry;

/** External events: order, names, and those that come before or after their time. */
public final class Events {
    private static final int TEN = 10;

    private Events() {
    }

    public static void register(Registry registry) {
        registry.orchestration("CollectInTurn", Events::collectInTurn)
                .orchestration("CollectAtOnce", Events::collectAtOnce)
                .orchestration("SendTen", Events::sendTen)
                .orchestration("CollectByName", Events::collectByName);
        registry.second("events_before_the_start", Behaviour.EARLY_EVENTS, Events::beforeTheStart)
                .first("events_right_after_the_start", Behaviour.EARLY_EVENTS, Events::rightAfterTheStart)
                .first("event_for_nobody", Behaviour.EARLY_EVENTS, Events::forNobody)
                .first("ten_events_one_after_the_other", Behaviour.TEN_EVENTS, Events::oneAfterTheOther)
                .first("ten_waits_at_once", Behaviour.TEN_EVENTS, Events::tenWaits)
                .second("ten_events_withheld_during_the_restart", Behaviour.TEN_EVENTS, Events::withheld)
                .second("ten_events_from_an_orchestration", Behaviour.TEN_EVENTS, Events::fromAnOrchestration)
                .first("early_event_of_another_case", Behaviour.EVENT_NAME_CASE, Events::anotherCase);
    }

    private static void collectInTurn(TaskOrchestrationContext ctx) {
        List<Integer> values = new ArrayList<>();
        while (values.size() < TEN) {
            values.add(ctx.waitForExternalEvent("Item", Integer.class).await());
        }
        ctx.complete(values);
    }

    private static void collectAtOnce(TaskOrchestrationContext ctx) {
        List<Task<Integer>> waits = new ArrayList<>();
        while (waits.size() < TEN) {
            waits.add(ctx.waitForExternalEvent("Item", Integer.class));
        }
        ctx.complete(ctx.allOf(waits).await());
    }

    /** Sends all in its last turn: this client would send them again in every later one. */
    private static void sendTen(TaskOrchestrationContext ctx) {
        ctx.waitForExternalEvent("Go").await();
        for (int n = 0; n < TEN; n++) {
            ctx.sendEvent(ctx.getInput(String.class), "Item", n);
        }
        ctx.complete("sent");
    }

    private static void collectByName(TaskOrchestrationContext ctx) {
        List<String> values = new ArrayList<>();
        for (String name : ctx.getInput(String[].class)) {
            values.add(ctx.waitForExternalEvent(name, String.class).await());
        }
        ctx.complete(values);
    }

    private static int[] zeroToNine() {
        return new int[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    }

    private static void raiseTen(Context context, String id) throws Exception {
        for (int n = 0; n < TEN; n++) {
            context.hub.raise(id, "Item", n);
        }
    }

    private static void beforeTheStart(Context context) throws Exception {
        Instant later = Instant.now().plusSeconds(6);
        String id = context.hub.startAt("CollectInTurn", context.id("root"), null, later);
        raiseTen(context, id);
        context.hub.expect(id, PENDING);
        context.inFlight();
        Check.equal("events", context.hub.output(id, int[].class), zeroToNine());
    }

    private static void rightAfterTheStart(Context context) throws Exception {
        String[] names = {"B", "A", "A", "B"};
        String id = context.hub.start("CollectByName", context.id("root"), names);
        context.hub.raise(id, "A", "first A");
        context.hub.raise(id, "B", "first B");
        context.hub.raise(id, "A", "second A");
        context.hub.raise(id, "B", null);
        Check.equal("events", context.hub.output(id, String[].class),
                new String[] {"first B", "first A", "second A", null});
    }

    private static void forNobody(Context context) throws Exception {
        Check.refused(Status.Code.NOT_FOUND, () -> {
            context.hub.client.raiseEvent(context.id("missing"), "Item", 1);
            return "an event";
        });

        String ended = context.hub.start("CollectByName", context.id("ended"), new String[] {});
        OrchestrationMetadata before = context.hub.ended(ended, COMPLETED);
        context.hub.raise(ended, "Item", 1);
        OrchestrationMetadata after = context.hub.state(ended);
        Check.equal("state", after.toString(), before.toString());
    }

    private static void oneAfterTheOther(Context context) throws Exception {
        String id = context.hub.start("CollectInTurn", context.id("root"), null);
        context.hub.running(id);
        raiseTen(context, id);
        Check.equal("events", context.hub.output(id, int[].class), zeroToNine());
    }

    private static void tenWaits(Context context) throws Exception {
        String id = context.hub.start("CollectAtOnce", context.id("root"), null);
        context.hub.running(id);
        raiseTen(context, id);
        Check.equal("events", context.hub.output(id, int[].class), zeroToNine());
    }

    private static void withheld(Context context) throws Exception {
        String id = context.hub.start("CollectAtOnce", context.id("root"), null);
        context.hub.running(id);
        context.hub.suspend(id);
        raiseTen(context, id);
        context.inFlight();
        context.hub.staysOpen(id, Duration.ofMillis(500));
        context.hub.expect(id, SUSPENDED);
        context.hub.resume(id);
        Check.equal("events", context.hub.output(id, int[].class), zeroToNine());
    }

    private static void fromAnOrchestration(Context context) throws Exception {
        String receiver = context.hub.start("CollectInTurn", context.id("receiver"), null);
        String sender = context.hub.start("SendTen", context.id("sender"), receiver);
        context.hub.running(receiver);
        context.hub.running(sender);
        context.inFlight();
        context.hub.raise(sender, "Go", null);
        Check.equal("sender", context.hub.output(sender, String.class), "sent");
        Check.equal("events", context.hub.output(receiver, int[].class), zeroToNine());
    }

    /** This client ignores the case of events that came before their wait, and of no others. */
    private static void anotherCase(Context context) throws Exception {
        String[] names = {"Go", "Approve", "Approve"};
        String id = context.hub.start("CollectByName", context.id("root"), names);
        context.hub.running(id);
        context.hub.raise(id, "APPROVE", "upper");
        context.hub.raise(id, "GO", "not now");
        context.hub.staysOpen(id, Duration.ofMillis(300));
        context.hub.raise(id, "Go", "now");
        context.hub.raise(id, "approve", "lower");
        context.hub.raise(id, "Approve", "exact");
        Check.equal("events", context.hub.output(id, String[].class), new String[] {"now", "upper", "exact"});
    }
}
