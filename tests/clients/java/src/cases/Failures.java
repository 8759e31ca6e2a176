package cases;

import static com.microsoft.durabletask.OrchestrationRuntimeStatus.FAILED;

import com.microsoft.durabletask.CompositeTaskFailedException;
import com.microsoft.durabletask.FailureDetails;
import com.microsoft.durabletask.OrchestrationMetadata;
import com.microsoft.durabletask.Task;
import com.microsoft.durabletask.TaskActivityContext;
import com.microsoft.durabletask.TaskFailedException;
import com.microsoft.durabletask.TaskOrchestrationContext;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import support.Behaviour;
import support.Check;
import support.Context;
import support.Registry;

/** What is known of a failure: type, text and stack trace pass through. This client sends no inner errors. */
public final class Failures {
    private static final String TEXT = "shelf 7 is empty:\n\t\"größe\" ✗";

    private Failures() {
    }

    public static void register(Registry registry) {
        registry.activity("OutOfStock", Failures::outOfStock)
                .activity("FailIfOdd", Failures::failIfOdd)
                .orchestration("CatchOutOfStock", Failures::catchOutOfStock)
                .orchestration("Unhandled", ctx -> takeFromShelf())
                .orchestration("UnhandledActivity", ctx -> ctx.callActivity("OutOfStock").await())
                .orchestration("UnknownActivity", ctx -> ctx.callActivity("NeverRegistered").await())
                .orchestration("SomeFail", Failures::someFail);
        registry.first("failed_activity_is_caught", Behaviour.FAILURES, Failures::caught)
                .first("unhandled_failure_fails_the_instance", Behaviour.FAILURES, Failures::unhandled)
                .first("unhandled_activity_failure_fails_the_instance", Behaviour.FAILURES, Failures::activity)
                .first("several_failures_of_a_fan_out", Behaviour.FAILURES, Failures::several)
                .first("unknown_names_fail", Behaviour.FAILURES, Failures::unknownNames);
    }

    static class ShelfException extends IllegalStateException {
        private static final long serialVersionUID = 1;

        ShelfException(String message) {
            super(message, new IllegalArgumentException("nobody restocked"));
        }
    }

    private static void takeFromShelf() {
        throw new ShelfException(TEXT);
    }

    private static Object outOfStock(TaskActivityContext ctx) {
        takeFromShelf();
        return null;
    }

    private static Object failIfOdd(TaskActivityContext ctx) {
        int number = ctx.getInput(Integer.class);
        if (number % 2 == 1) {
            throw new IllegalArgumentException(number + " is odd");
        }
        return number;
    }

    record Caught(String task, int id, String type, String message, String trace,
                  boolean nonRetriable, boolean ofBaseClass, boolean ofOtherClass) {
    }

    private static void catchOutOfStock(TaskOrchestrationContext ctx) {
        try {
            ctx.callActivity("OutOfStock").await();
            ctx.complete(null);
        } catch (TaskFailedException failure) {
            FailureDetails details = failure.getErrorDetails();
            ctx.complete(new Caught(failure.getTaskName(), failure.getTaskId(), details.getErrorType(),
                    details.getErrorMessage(), details.getStackTrace(), details.isNonRetriable(),
                    details.isCausedBy(IllegalStateException.class),
                    details.isCausedBy(UncheckedIOException.class)));
        }
    }

    private static void someFail(TaskOrchestrationContext ctx) {
        List<Task<Integer>> tasks = new ArrayList<>();
        for (int n = 0; n < 6; n++) {
            tasks.add(ctx.callActivity("FailIfOdd", n, Integer.class));
        }
        try {
            ctx.complete(ctx.allOf(tasks).await());
        } catch (CompositeTaskFailedException failure) {
            ctx.complete(failure.getExceptions().stream()
                    .map(each -> ((TaskFailedException) each).getErrorDetails().getErrorMessage())
                    .toList());
        }
    }

    private static void caught(Context context) throws Exception {
        String id = context.hub.start("CatchOutOfStock", context.id("caught"), null);
        Caught caught = context.hub.output(id, Caught.class);
        Check.equal("task", caught.task(), "OutOfStock");
        Check.equal("task id", caught.id(), 0);
        Check.equal("type", caught.type(), ShelfException.class.getName());
        Check.equal("message", caught.message(), TEXT);
        Check.contains("stack trace", caught.trace(), "takeFromShelf");
        Check.equal("not retriable", caught.nonRetriable(), false);
        Check.equal("of the base class", caught.ofBaseClass(), true);
        Check.equal("of another class", caught.ofOtherClass(), false);
    }

    private static void unhandled(Context context) throws Exception {
        String id = context.hub.start("Unhandled", context.id("unhandled"), null);
        OrchestrationMetadata state = context.hub.ended(id, FAILED);
        Check.equal("type", state.getFailureDetails().getErrorType(), ShelfException.class.getName());
        Check.equal("message", state.getFailureDetails().getErrorMessage(), TEXT);
        Check.contains("stack trace", state.getFailureDetails().getStackTrace(), "takeFromShelf");
        Check.equal("output", state.getSerializedOutput(), "");
    }

    private static void activity(Context context) throws Exception {
        String id = context.hub.start("UnhandledActivity", context.id("activity"), null);
        FailureDetails details = context.hub.ended(id, FAILED).getFailureDetails();
        Check.equal("type", details.getErrorType(), TaskFailedException.class.getName());
        Check.equal("message", details.getErrorMessage(),
                "Task 'OutOfStock' (#0) failed with an unhandled exception: " + TEXT);
        Check.contains("stack trace", details.getStackTrace(), "Failures");
    }

    private static void several(Context context) throws Exception {
        String id = context.hub.start("SomeFail", context.id("several"), null);
        Check.equal("messages", context.hub.output(id, String[].class),
                new String[] {"1 is odd", "3 is odd", "5 is odd"});
    }

    /** The client has no error of its own for an orchestration that it does not know. */
    private static void unknownNames(Context context) throws Exception {
        String orchestration = context.hub.start("NeverRegistered", context.id("orchestration"), null);
        FailureDetails details = context.hub.ended(orchestration, FAILED).getFailureDetails();
        Check.equal("type", details.getErrorType(), NullPointerException.class.getName());

        String caller = context.hub.start("UnknownActivity", context.id("activity"), null);
        Check.contains("message", context.hub.ended(caller, FAILED).getFailureDetails().getErrorMessage(),
                "No activity task named 'NeverRegistered' is registered.");
    }
}
