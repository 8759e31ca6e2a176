package cases;

import static com.microsoft.durabletask.OrchestrationRuntimeStatus.COMPLETED;

import com.microsoft.durabletask.OrchestrationMetadata;
import com.microsoft.durabletask.Task;
import com.microsoft.durabletask.TaskActivityContext;
import com.microsoft.durabletask.TaskCanceledException;
import com.microsoft.durabletask.TaskOrchestrationContext;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import support.Behaviour;
import support.Check;
import support.Context;
import support.Registry;

/** Continue-as-new: what a new generation takes over and what it must not see. */
public final class Generations {
    private static final int EVENTS = 10;
    private static final int STOP = -1;
    private static final int GENERATIONS = 60;
    private static final int SOME_ARE_OVER = 56;
    private static final Duration PACE = Duration.ofMillis(40);
    private static final int STALE = 5;

    private Generations() {
    }

    public static void register(Registry registry) {
        registry.activity("Pause", Generations::pause)
                .orchestration("CollectByContinuing", Generations::collectByContinuing)
                .orchestration("CountDown", Generations::countDown)
                .orchestration("ForgetEvents", Generations::forgetEvents)
                .orchestration("LeaveWorkBehind", Generations::leaveWorkBehind);
        registry.second("continue_as_new_keeps_events", Behaviour.CONTINUE_AS_NEW, Generations::keepsEvents)
                .second("continue_as_new_during_the_restart", Behaviour.CONTINUE_AS_NEW, Generations::manyTimes)
                .first("continue_as_new_drops_events_if_told", Behaviour.CONTINUE_AS_NEW, Generations::dropsEvents)
                .first("results_of_old_generations_are_dropped", Behaviour.CONTINUE_AS_NEW, Generations::oldResults);
    }

    private static Object pause(TaskActivityContext ctx) {
        FanOut.work(5);
        return ctx.getInput(Integer.class);
    }

    /**
     * Collects one event a generation. The activity is there because this client carries over every
     * event of the turn in which it continues as new, those that it has consumed included.
     */
    private static void collectByContinuing(TaskOrchestrationContext ctx) {
        int[] seen = ctx.getInput(int[].class);
        int item = ctx.waitForExternalEvent("Item", Integer.class).await();
        if (item == STOP) {
            ctx.complete(seen);
            return;
        }
        ctx.callActivity("Pause", item).await();
        int[] more = Arrays.copyOf(seen, seen.length + 1);
        more[seen.length] = item;
        ctx.continueAsNew(more);
    }

    private static void countDown(TaskOrchestrationContext ctx) {
        int left = ctx.callActivity("Pause", ctx.getInput(Integer.class), Integer.class).await();
        ctx.createTimer(PACE).await();
        if (left > 0) {
            ctx.continueAsNew(left - 1, false);
        }
        ctx.complete("counted down");
    }

    private static void forgetEvents(TaskOrchestrationContext ctx) {
        if (ctx.getInput(Boolean.class)) {
            ctx.waitForExternalEvent("Go").await();
            ctx.continueAsNew(false, false);
        }
        try {
            ctx.complete(ctx.waitForExternalEvent("Item", Duration.ofMillis(300), Integer.class).await());
        } catch (TaskCanceledException expired) {
            ctx.complete("expired");
        }
    }

    /** Each generation but the last schedules activities whose ids the next one uses again. */
    private static void leaveWorkBehind(TaskOrchestrationContext ctx) {
        int generation = ctx.getInput(Integer.class);
        List<Task<Integer>> tasks = Stream.of(0, 1, 2)
                .map(n -> ctx.callActivity("Pause", generation * 10 + n, Integer.class))
                .toList();
        if (generation < STALE) {
            ctx.continueAsNew(generation + 1);
        }
        ctx.complete(ctx.allOf(tasks).await());
    }

    private static void keepsEvents(Context context) throws Exception {
        String id = context.hub.start("CollectByContinuing", context.id("root"), new int[] {});
        for (int n = 0; n < EVENTS; n++) {
            context.hub.raise(id, "Item", n);
        }
        context.inFlight();
        Check.until("all events are seen", () -> context.hub.state(id).readInputAs(int[].class).length >= EVENTS);
        context.hub.raise(id, "Item", STOP);
        int[] seen = context.hub.output(id, int[].class);
        Arrays.sort(seen);
        Check.equal("each event once", seen, IntStream.range(0, EVENTS).toArray());
    }

    private static void manyTimes(Context context) throws Exception {
        String id = context.hub.start("CountDown", context.id("root"), GENERATIONS);
        OrchestrationMetadata first = context.hub.running(id);
        Check.until("some generations are over",
                () -> context.hub.state(id).readInputAs(Integer.class) <= SOME_ARE_OVER);
        context.inFlight();
        OrchestrationMetadata last = context.hub.ended(id, COMPLETED);
        Check.equal("output", last.readOutputAs(String.class), "counted down");
        Check.equal("input of the last generation", last.getSerializedInput(), "0");
        Check.equal("creation", last.getCreatedAt(), first.getCreatedAt());
    }

    private static void dropsEvents(Context context) throws Exception {
        String id = context.hub.start("ForgetEvents", context.id("root"), true);
        context.hub.raise(id, "Item", 1);
        context.hub.raise(id, "Item", 2);
        context.hub.running(id);
        context.hub.raise(id, "Go", null);
        Check.equal("output", context.hub.output(id, String.class), "expired");
    }

    private static void oldResults(Context context) throws Exception {
        String id = context.hub.start("LeaveWorkBehind", context.id("root"), 1);
        Check.equal("results of the last generation", context.hub.output(id, int[].class),
                new int[] {STALE * 10, STALE * 10 + 1, STALE * 10 + 2});
    }
}
