package cases;

import static com.microsoft.durabletask.OrchestrationRuntimeStatus.PENDING;

import com.microsoft.durabletask.Task;
import com.microsoft.durabletask.TaskActivity;
import com.microsoft.durabletask.TaskOrchestrationContext;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import support.Behaviour;
import support.Check;
import support.Context;
import support.Counts;
import support.Hub;
import support.Registry;
import support.Worker;

/** No worker, two of them, and one that is killed: each case has a task hub of its own. */
public final class Workers {
    private static final int ITEMS = 40;
    private static final int HELD = 10;

    private Workers() {
    }

    public static void register(Registry registry) {
        registry.second("work_without_a_worker_stays_pending", Behaviour.UNACCEPTED, Workers::noWorker)
                .first("two_workers_split_a_fan_out", Behaviour.SPLIT, Workers::twoWorkers)
                .first("worker_killed_with_activities", Behaviour.KILLED_WORKER, Workers::killedWithActivities)
                .first("worker_killed_in_a_turn", Behaviour.KILLED_WORKER, Workers::killedInATurn)
                .second("worker_and_server_killed", Behaviour.KILLED_WORKER, Workers::killedWithTheServer);
    }

    /** What the workers of these cases know; `hold` is called by what a killed worker shall be in. */
    static Registry knowing(Runnable hold) {
        TaskActivity heldActivity = ctx -> {
            hold.run();
            return ctx.getInput(Integer.class);
        };
        return new Registry()
                .activity("Free", ctx -> ctx.getInput(Integer.class))
                .activity("Held", heldActivity)
                .orchestration("FanOutOfHeld", Workers::fanOutOfHeld)
                .orchestration("HeldTurn", ctx -> heldTurn(ctx, hold));
    }

    private static Worker free(Hub hub) throws InterruptedException {
        return Worker.of(hub, knowing(() -> { })).start().connected();
    }

    private static void fanOutOfHeld(TaskOrchestrationContext ctx) {
        List<Task<Integer>> tasks = new ArrayList<>();
        for (int n = 0; n < ctx.getInput(Integer.class); n++) {
            tasks.add(ctx.callActivity("Held", n, Integer.class));
        }
        ctx.complete(ctx.allOf(tasks).await());
    }

    /** Held in its second turn, when there is a first one to be replayed. */
    private static void heldTurn(TaskOrchestrationContext ctx, Runnable hold) {
        int first = ctx.callActivity("Free", 1, Integer.class).await();
        hold.run();
        ctx.complete(first + ctx.callActivity("Free", 2, Integer.class).await());
    }

    private static int[] upTo(int count) {
        return IntStream.range(0, count).toArray();
    }

    private static void noWorker(Context context) throws Exception {
        try (Hub hub = context.ownHub()) {
            String id = hub.start("FanOutOfHeld", context.id("root"), HELD);
            Hub.answered(() -> {
                try {
                    hub.client.waitForInstanceStart(id, Duration.ofMillis(500));
                } catch (TimeoutException expected) {
                    return null;
                }
                throw new Check.Failed("started without a worker");
            });
            context.inFlight();
            hub.expect(id, PENDING);
            try (Worker worker = free(hub)) {
                Check.equal("output", hub.output(id, int[].class), upTo(HELD));
            }
        }
    }

    private static void twoWorkers(Context context) throws Exception {
        CountDownLatch bothWork = new CountDownLatch(2);
        Counts runs = new Counts();
        try (Hub hub = context.ownHub();
                Worker left = Worker.of(hub, named("left", bothWork, runs)).start();
                Worker right = Worker.of(hub, named("right", bothWork, runs)).start()) {
            left.connected();
            right.connected();
            String id = hub.start("FanOutOfHeld", context.id("root"), ITEMS);
            Check.equal("results", hub.output(id, int[].class), upTo(ITEMS));
            Check.that(runs.of("left") > 0, "the left worker worked");
            Check.that(runs.of("right") > 0, "the right worker worked");
            Check.equal("activities that ran", runs.of("left") + runs.of("right"), ITEMS);
        }
    }

    /** A worker whose first activity waits until the other worker has one, too. */
    private static Registry named(String name, CountDownLatch bothWork, Counts runs) {
        return knowing(() -> {
            if (runs.next(name) == 1) {
                bothWork.countDown();
            }
            try {
                Check.that(bothWork.await(Hub.DEADLINE.toSeconds(), TimeUnit.SECONDS), "both workers have work");
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
            }
        });
    }

    /** The killed worker is in one activity and has the others, and a turn, still unread. */
    private static void killedWithActivities(Context context) throws Exception {
        try (Hub hub = context.ownHub(); WorkerProcess killed = new WorkerProcess(hub)) {
            String id = hub.start("FanOutOfHeld", context.id("root"), HELD);
            killed.holds();
            String unread = hub.start("FanOutOfHeld", context.id("unread"), 2);
            try (Worker worker = free(hub)) {
                killed.kill();
                Check.equal("results", hub.output(id, int[].class), upTo(HELD));
                Check.equal("results", hub.output(unread, int[].class), upTo(2));
            }
        }
    }

    private static void killedInATurn(Context context) throws Exception {
        try (Hub hub = context.ownHub(); WorkerProcess killed = new WorkerProcess(hub)) {
            String id = hub.start("HeldTurn", context.id("root"), null);
            killed.holds();
            try (Worker worker = free(hub)) {
                killed.kill();
                Check.equal("output", hub.output(id, Integer.class), 3);
            }
        }
    }

    private static void killedWithTheServer(Context context) throws Exception {
        try (Hub hub = context.ownHub(); WorkerProcess killed = new WorkerProcess(hub)) {
            String id = hub.start("FanOutOfHeld", context.id("root"), HELD);
            killed.holds();
            context.inFlight();
            killed.kill();
            try (Worker worker = free(hub)) {
                Check.equal("results", hub.output(id, int[].class), upTo(HELD));
            }
        }
    }
}
