package cases;

import static com.microsoft.durabletask.OrchestrationRuntimeStatus.COMPLETED;
import static com.microsoft.durabletask.OrchestrationRuntimeStatus.FAILED;

import com.microsoft.durabletask.OrchestrationMetadata;
import com.microsoft.durabletask.RetryPolicy;
import com.microsoft.durabletask.Task;
import com.microsoft.durabletask.TaskActivityContext;
import com.microsoft.durabletask.TaskOptions;
import com.microsoft.durabletask.TaskOrchestrationContext;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import support.Behaviour;
import support.Check;
import support.Context;
import support.Counts;
import support.Registry;

/** Retries of activities and children, which are timers and new attempts to the server. */
public final class Retries {
    private static final Duration SHORT = Duration.ofMillis(50);
    private static final Duration LONG = Duration.ofMillis(500);
    private static final int NEVER = Integer.MAX_VALUE;

    private static final Counts ATTEMPTS = new Counts();
    private static final Map<String, Boolean> REPAIRED = new ConcurrentHashMap<>();

    private Retries() {
    }

    public static void register(Registry registry) {
        registry.activity("FailUntil", ctx -> failUntil(ctx.getInput(Flaky.class)))
                .activity("FailUntilRepaired", Retries::failUntilRepaired)
                .orchestration("FlakyChild", ctx -> ctx.complete(failUntil(ctx.getInput(Flaky.class))))
                .orchestration("RetryByPolicy", Retries::retryByPolicy)
                .orchestration("Backoff", Retries::backoff)
                .orchestration("RetryByHandler", Retries::retryByHandler)
                .orchestration("RetryChild", Retries::retryChild)
                .orchestration("RetryMany", Retries::retryMany)
                .orchestration("RetryUntilRepaired", Retries::retryUntilRepaired);
        registry.first("retry_until_success", Behaviour.RETRIES, Retries::untilSuccess)
                .first("retries_run_out", Behaviour.RETRIES, Retries::runOut)
                .first("retry_delays_grow", Behaviour.RETRIES, Retries::delaysGrow)
                .first("retry_handler_decides", Behaviour.RETRIES, Retries::handlerDecides)
                .first("child_is_retried_under_its_id", Behaviour.RETRIES, Retries::childIsRetried)
                .first("retries_within_a_fan_out", Behaviour.RETRIES, Retries::withinFanOut)
                .second("retry_during_the_restart", Behaviour.RETRIES, Retries::duringTheRestart);
    }

    record Flaky(String key, int successAt) {
    }

    private static String failUntil(Flaky flaky) {
        int attempt = ATTEMPTS.next(flaky.key());
        if (attempt < flaky.successAt()) {
            throw new IllegalStateException("attempt " + attempt);
        }
        return "attempt " + attempt;
    }

    private static Object failUntilRepaired(TaskActivityContext ctx) {
        String key = ctx.getInput(String.class);
        ATTEMPTS.next(key);
        if (!REPAIRED.containsKey(key)) {
            throw new IllegalStateException("not repaired");
        }
        return "repaired";
    }

    private static TaskOptions attempts(int count, Duration delay) {
        return new TaskOptions(new RetryPolicy(count, delay));
    }

    private static void retryByPolicy(TaskOrchestrationContext ctx) {
        Flaky flaky = ctx.getInput(Flaky.class);
        ctx.complete(ctx.callActivity("FailUntil", flaky, attempts(3, SHORT), String.class).await());
    }

    /** Gives the milliseconds between the start and the success. */
    private static void backoff(TaskOrchestrationContext ctx) {
        Instant began = ctx.getCurrentInstant();
        RetryPolicy policy = new RetryPolicy(5, Duration.ofMillis(100)).setBackoffCoefficient(2);
        ctx.callActivity("FailUntil", ctx.getInput(Flaky.class), new TaskOptions(policy), String.class).await();
        ctx.complete(Duration.between(began, ctx.getCurrentInstant()).toMillis());
    }

    /** The handler waits by itself; it goes on up to the fourth attempt, if it sees the failures that it should. */
    private static void retryByHandler(TaskOrchestrationContext ctx) {
        TaskOptions options = new TaskOptions(retry -> {
            retry.getOrchestrationContext().createTimer(SHORT).await();
            return retry.getLastAttemptNumber() < 4
                    && retry.getLastFailure().getErrorMessage().equals("attempt " + retry.getLastAttemptNumber())
                    && retry.getLastFailure().isCausedBy(IllegalStateException.class);
        });
        ctx.complete(ctx.callActivity("FailUntil", ctx.getInput(Flaky.class), options, String.class).await());
    }

    private static void retryChild(TaskOrchestrationContext ctx) {
        Flaky flaky = ctx.getInput(Flaky.class);
        String childId = flaky.key() + "-child";
        ctx.complete(ctx.callSubOrchestrator("FlakyChild", flaky, childId, attempts(5, SHORT), String.class).await());
    }

    private static void retryMany(TaskOrchestrationContext ctx) {
        List<Task<String>> tasks = new ArrayList<>();
        for (Flaky flaky : ctx.getInput(Flaky[].class)) {
            tasks.add(ctx.callActivity("FailUntil", flaky, attempts(5, SHORT), String.class));
        }
        ctx.complete(ctx.allOf(tasks).await());
    }

    private static void retryUntilRepaired(TaskOrchestrationContext ctx) {
        String key = ctx.getInput(String.class);
        ctx.complete(ctx.callActivity("FailUntilRepaired", key, attempts(60, LONG), String.class).await());
    }

    private static void untilSuccess(Context context) throws Exception {
        String key = context.id("flaky");
        String id = context.hub.start("RetryByPolicy", context.id("root"), new Flaky(key, 3));
        Check.equal("output", context.hub.output(id, String.class), "attempt 3");
        Check.equal("attempts", ATTEMPTS.of(key), 3);
    }

    private static void runOut(Context context) throws Exception {
        String key = context.id("flaky");
        String id = context.hub.start("RetryByPolicy", context.id("root"), new Flaky(key, NEVER));
        OrchestrationMetadata state = context.hub.ended(id, FAILED);
        Check.contains("message", state.getFailureDetails().getErrorMessage(), "attempt 3");
        Check.equal("attempts", ATTEMPTS.of(key), 3);
    }

    /** This client waits the first interval times the coefficient to the power of the attempt. */
    private static void delaysGrow(Context context) throws Exception {
        String key = context.id("flaky");
        String id = context.hub.start("Backoff", context.id("root"), new Flaky(key, 4));
        long millis = context.hub.output(id, Long.class);
        Check.that(millis >= 100 * (2 + 4 + 8), "three delays of 200, 400 and 800 ms: " + millis);
        Check.equal("attempts", ATTEMPTS.of(key), 4);
    }

    private static void handlerDecides(Context context) throws Exception {
        String good = context.id("good");
        String id = context.hub.start("RetryByHandler", context.id("succeeds"), new Flaky(good, 4));
        Check.equal("output", context.hub.output(id, String.class), "attempt 4");
        Check.equal("attempts", ATTEMPTS.of(good), 4);

        String bad = context.id("bad");
        String failing = context.hub.start("RetryByHandler", context.id("fails"), new Flaky(bad, NEVER));
        Check.contains("message",
                context.hub.ended(failing, FAILED).getFailureDetails().getErrorMessage(), "attempt 4");
        Check.equal("attempts", ATTEMPTS.of(bad), 4);
    }

    private static void childIsRetried(Context context) throws Exception {
        String key = context.id("flaky");
        String id = context.hub.start("RetryChild", context.id("root"), new Flaky(key, 3));
        Check.equal("output", context.hub.output(id, String.class), "attempt 3");
        Check.equal("attempts", ATTEMPTS.of(key), 3);
        Check.equal("output of the child", context.hub.ended(key + "-child", COMPLETED)
                .readOutputAs(String.class), "attempt 3");
    }

    private static void withinFanOut(Context context) throws Exception {
        List<Flaky> flaky = new ArrayList<>();
        List<String> expected = new ArrayList<>();
        for (int successAt = 1; successAt <= 4; successAt++) {
            flaky.add(new Flaky(context.id("flaky" + successAt), successAt));
            expected.add("attempt " + successAt);
        }
        String id = context.hub.start("RetryMany", context.id("root"), flaky);
        Check.equal("outputs", List.of(context.hub.output(id, String[].class)), expected);
    }

    private static void duringTheRestart(Context context) throws Exception {
        String key = context.id("broken");
        String id = context.hub.start("RetryUntilRepaired", context.id("root"), key);
        Check.until("it fails", () -> ATTEMPTS.of(key) >= 2);
        context.inFlight();
        int before = ATTEMPTS.of(key);
        Check.until("it is tried again", () -> ATTEMPTS.of(key) > before);
        REPAIRED.put(key, true);
        Check.equal("output", context.hub.output(id, String.class), "repaired");
    }
}
