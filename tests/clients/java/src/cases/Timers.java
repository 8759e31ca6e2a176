package cases;

import static com.microsoft.durabletask.OrchestrationRuntimeStatus.COMPLETED;

import com.microsoft.durabletask.OrchestrationMetadata;
import com.microsoft.durabletask.Task;
import com.microsoft.durabletask.TaskCanceledException;
import com.microsoft.durabletask.TaskFailedException;
import com.microsoft.durabletask.TaskOrchestrationContext;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import support.Behaviour;
import support.Check;
import support.Context;
import support.Hub;
import support.Registry;
import support.Worker;

/** Timers fire once and never early; those that lost a race hold nothing up. */
public final class Timers {
    private static final Duration NEVER = Duration.ofDays(2);
    private static final Duration CHUNK = Duration.ofMillis(200);
    private static final int RACES = 20;

    private Timers() {
    }

    public static void register(Registry registry) {
        registry.activity("Answer", ctx -> ctx.getInput(Integer.class))
                .activity("Break", ctx -> {
                    throw new IllegalStateException("broken");
                })
                .orchestration("Sleep", Timers::sleep)
                .orchestration("SleepInOrder", Timers::sleepInOrder)
                .orchestration("SleepUntilThePast", Timers::sleepUntilThePast)
                .orchestration("SleepThenBreak", Timers::sleepThenBreak)
                .orchestration("RaceEventAgainstTimer", Timers::raceEventAgainstTimer)
                .orchestration("RaceMany", Timers::raceMany)
                .orchestration("GiveUpWaiting", Timers::giveUpWaiting);
        registry.first("event_after_a_timer_is_late", Behaviour.WHEN_ANY, Timers::timerWins)
                .second("event_beats_a_timer", Behaviour.WHEN_ANY, Timers::eventWins)
                .first("lost_timers_hold_nothing_up", Behaviour.WHEN_ANY, Timers::manyRaces)
                .first("timers_fire_in_order_and_never_early", Behaviour.TIMERS, Timers::inOrder)
                .first("timer_of_the_past_fires", Behaviour.TIMERS, Timers::ofThePast)
                .first("timer_is_one_action", Behaviour.TIMERS, Timers::oneAction)
                .first("timer_in_chunks", Behaviour.TIMERS, Timers::inChunks)
                .second("timer_during_the_restart", Behaviour.TIMERS, Timers::duringTheRestart);
    }

    /** When a timer was due and when the orchestration went on. */
    record Slept(Instant due, Instant woke) {
    }

    /** By way of `allOf`: waiting for a timer itself is over after the first of its chunks in this client. */
    private static void sleep(TaskOrchestrationContext ctx) {
        Duration time = ctx.getInput(Duration.class);
        Instant due = ctx.getCurrentInstant().plus(time);
        ctx.allOf(List.of(ctx.createTimer(time))).await();
        ctx.complete(new Slept(due, ctx.getCurrentInstant()));
    }

    private static void sleepInOrder(TaskOrchestrationContext ctx) {
        List<Slept> fired = new ArrayList<>();
        List<Task<Void>> timers = new ArrayList<>();
        for (long millis : ctx.getInput(long[].class)) {
            Instant due = ctx.getCurrentInstant().plusMillis(millis);
            Task<Void> timer = ctx.createTimer(Duration.ofMillis(millis));
            timers.add(timer.thenAccept(fire -> fired.add(new Slept(due, ctx.getCurrentInstant()))));
        }
        timers.forEach(Task::await);
        ctx.complete(fired);
    }

    private static void sleepUntilThePast(TaskOrchestrationContext ctx) {
        ctx.createTimer(Duration.ZERO).await();
        ctx.createTimer(ctx.getCurrentInstant().minusSeconds(3600).atZone(ZoneOffset.ofHours(2))).await();
        ctx.complete("past");
    }

    private static void sleepThenBreak(TaskOrchestrationContext ctx) {
        ctx.createTimer(Duration.ofMillis(ctx.getInput(Long.class))).await();
        try {
            ctx.callActivity("Break").await();
        } catch (TaskFailedException failure) {
            ctx.complete(failure.getTaskId());
        }
    }

    private static void raceEventAgainstTimer(TaskOrchestrationContext ctx) {
        Task<String> event = ctx.waitForExternalEvent("Go", String.class);
        Task<Void> timer = ctx.createTimer(NEVER);
        Task<?> winner = ctx.anyOf(event, timer).await();
        ctx.complete(winner == event ? event.await() : "timer");
    }

    private static void raceMany(TaskOrchestrationContext ctx) {
        int sum = 0;
        for (int n = 0; n < RACES; n++) {
            Task<Integer> answer = ctx.callActivity("Answer", n, Integer.class);
            Task<Void> timer = ctx.createTimer(NEVER);
            Check.that(ctx.anyOf(answer, timer).await() == answer, "the activity is faster");
            sum += answer.await();
        }
        ctx.complete(sum);
    }

    /** The first wait is given up; the event then goes to the second one, not to the first. */
    private static void giveUpWaiting(TaskOrchestrationContext ctx) {
        String first;
        try {
            first = ctx.waitForExternalEvent("Go", Duration.ofMillis(300), String.class).await();
        } catch (TaskCanceledException expired) {
            first = "expired";
        }
        ctx.setCustomStatus(first);
        String second = ctx.waitForExternalEvent("Go", NEVER, String.class).await();
        ctx.complete(List.of(first, second));
    }

    private static void timerWins(Context context) throws Exception {
        String id = context.hub.start("GiveUpWaiting", context.id("root"), null);
        Check.until("the wait expires", () -> context.hub.state(id).isCustomStatusFetched());
        context.hub.raise(id, "Go", "late");
        Check.equal("waits", context.hub.output(id, String[].class), new String[] {"expired", "late"});
    }

    private static void eventWins(Context context) throws Exception {
        String id = context.hub.start("RaceEventAgainstTimer", context.id("root"), null);
        context.hub.running(id);
        context.inFlight();
        context.hub.raise(id, "Go", "event");
        Check.equal("winner", context.hub.output(id, String.class), "event");
    }

    private static void manyRaces(Context context) throws Exception {
        String id = context.hub.start("RaceMany", context.id("root"), null);
        Check.equal("sum", context.hub.output(id, Integer.class), RACES * (RACES - 1) / 2);
    }

    private static void inOrder(Context context) throws Exception {
        String id = context.hub.start("SleepInOrder", context.id("root"), new long[] {700, 100, 400, 1000, 1});
        OrchestrationMetadata state = context.hub.ended(id, COMPLETED);
        Slept[] fired = state.readOutputAs(Slept[].class);
        Check.equal("timers that fired", fired.length, 5);
        for (int i = 0; i < fired.length; i++) {
            checkSlept(fired[i]);
            boolean inOrder = i == 0 || fired[i].woke().equals(fired[i - 1].woke())
                    || fired[i].due().isAfter(fired[i - 1].due());
            Check.that(inOrder, "in order, but for those of one turn: " + List.of(fired));
        }
        Check.that(!state.getLastUpdatedAt().isBefore(state.getCreatedAt().plusMillis(1000)),
                "the end is a second after the start: " + state);
    }

    private static void ofThePast(Context context) throws Exception {
        String id = context.hub.start("SleepUntilThePast", context.id("root"), null);
        Check.equal("output", context.hub.output(id, String.class), "past");
    }

    /**
     * The client reads times in whole milliseconds and makes the same timer again when the turn that
     * it wakes is not later than the timer; the next action's id tells.
     */
    private static void oneAction(Context context) throws Exception {
        for (long millis = 0; millis < 12; millis++) {
            String id = context.hub.start("SleepThenBreak", context.id("of" + millis), millis);
            Check.equal("id after a timer of " + millis + " ms", context.hub.output(id, Integer.class), 1);
        }
    }

    private static void inChunks(Context context) throws Exception {
        Registry registry = new Registry().orchestration("Sleep", Timers::sleep);
        try (Hub hub = context.ownHub(); Worker worker = Worker.of(hub, registry).maxTimerInterval(CHUNK).start()) {
            worker.connected();
            checkSlept(hub.output(hub.start("Sleep", context.id("root"), CHUNK.multipliedBy(4)), Slept.class));
        }
    }

    private static void duringTheRestart(Context context) throws Exception {
        List<String> ids = new ArrayList<>();
        for (int millis = 500; millis <= 8000; millis += 1500) {
            ids.add(context.hub.start("Sleep", context.id("of" + millis), Duration.ofMillis(millis)));
        }
        for (String id : ids) {
            context.hub.running(id);
        }
        context.inFlight();
        for (String id : ids) {
            checkSlept(context.hub.output(id, Slept.class));
        }
    }

    private static void checkSlept(Slept slept) {
        Check.that(!slept.woke().isBefore(slept.due()), "not early: " + slept);
    }
}
