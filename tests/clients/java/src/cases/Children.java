package cases;

import static com.microsoft.durabletask.OrchestrationRuntimeStatus.COMPLETED;
import static com.microsoft.durabletask.OrchestrationRuntimeStatus.FAILED;

import com.microsoft.durabletask.FailureDetails;
import com.microsoft.durabletask.OrchestrationMetadata;
import com.microsoft.durabletask.Task;
import com.microsoft.durabletask.TaskFailedException;
import com.microsoft.durabletask.TaskOrchestrationContext;
import java.util.ArrayList;
import java.util.List;
import support.Behaviour;
import support.Check;
import support.Context;
import support.Registry;

/** Sub-orchestrations: their ids, and what a parent learns of their end. */
public final class Children {
    private Children() {
    }

    public static void register(Registry registry) {
        registry.orchestration("ParentOf", Children::parentOf)
                .orchestration("Nest", Children::nest)
                .orchestration("CatchChild", Children::catchChild)
                .orchestration("AbandonChild", Children::abandonChild)
                .orchestration("FailingChild", ctx -> {
                    throw new IllegalStateException("child of " + ctx.getInput(String.class));
                });
        registry.second("children_by_explicit_id", Behaviour.CHILDREN_BY_ID, Children::byExplicitId)
                .first("children_ten_levels_deep", Behaviour.CHILDREN_BY_ID, Children::deep)
                .first("child_id_of_a_running_instance_is_refused", Behaviour.CHILDREN_BY_ID, Children::idInUse)
                .first("child_id_of_an_ended_instance_is_reused", Behaviour.CHILDREN_BY_ID, Children::idReused)
                .first("failing_child_is_caught", Behaviour.FAILING_CHILDREN, Children::failingIsCaught)
                .first("terminated_child_fails_its_call", Behaviour.FAILING_CHILDREN, Children::terminated)
                .second("failing_parent_spares_its_child", Behaviour.FAILING_CHILDREN, Children::parentFails);
    }

    private static void parentOf(TaskOrchestrationContext ctx) {
        List<Task<String>> children = new ArrayList<>();
        for (String id : ctx.getInput(String[].class)) {
            children.add(ctx.callSubOrchestrator(Lifecycle.WAIT_FOR_GO, null, id, String.class));
        }
        ctx.complete(ctx.allOf(children).await());
    }

    /** Children under ids that the client makes up. */
    private static void nest(TaskOrchestrationContext ctx) {
        int depth = ctx.getInput(Integer.class);
        if (depth == 0) {
            ctx.complete("");
        } else {
            ctx.complete(depth + " " + ctx.callSubOrchestrator("Nest", depth - 1, String.class).await());
        }
    }

    record Call(String orchestration, String id, Object input) {
    }

    record Caught(String task, String type, String message, String trace) {
    }

    private static void catchChild(TaskOrchestrationContext ctx) {
        Call call = ctx.getInput(Call.class);
        try {
            ctx.callSubOrchestrator(call.orchestration(), call.input(), call.id(), String.class).await();
            ctx.complete(null);
        } catch (TaskFailedException failure) {
            FailureDetails details = failure.getErrorDetails();
            ctx.complete(new Caught(failure.getTaskName(), details.getErrorType(), details.getErrorMessage(),
                    details.getStackTrace()));
        }
    }

    private static void abandonChild(TaskOrchestrationContext ctx) {
        ctx.callSubOrchestrator(Lifecycle.WAIT_FOR_GO, null, ctx.getInput(String.class), String.class);
        ctx.waitForExternalEvent("Fail").await();
        throw new IllegalStateException("a parent in trouble");
    }

    private static void byExplicitId(Context context) throws Exception {
        List<String> ids = List.of(context.id("a"), context.id("b"), context.id("c"));
        String parent = context.hub.start("ParentOf", context.id("parent"), ids);
        for (String id : ids) {
            Check.equal("name of " + id, context.hub.running(id).getName(), Lifecycle.WAIT_FOR_GO);
        }
        context.inFlight();
        for (String id : ids) {
            context.hub.raise(id, "Go", "output of " + id);
        }
        Check.equal("outputs", List.of(context.hub.output(parent, String[].class)),
                ids.stream().map(id -> "output of " + id).toList());
        for (String id : ids) {
            Check.equal("output", context.hub.output(id, String.class), "output of " + id);
        }
    }

    private static void deep(Context context) throws Exception {
        String id = context.hub.start("Nest", context.id("root"), 10);
        Check.equal("output", context.hub.output(id, String.class), "10 9 8 7 6 5 4 3 2 1 ");
    }

    private static void idInUse(Context context) throws Exception {
        String used = context.hub.start(Lifecycle.WAIT_FOR_GO, context.id("used"), null);
        context.hub.running(used);
        String parent = context.hub.start("CatchChild", context.id("parent"), new Call("Nest", used, 0));
        Caught caught = context.hub.output(parent, Caught.class);
        Check.equal("task", caught.task(), "Nest");
        Check.contains("message", caught.message(), used);
        context.hub.raise(used, "Go", "untouched");
        Check.equal("output of the running instance", context.hub.output(used, String.class), "untouched");
    }

    private static void idReused(Context context) throws Exception {
        String used = context.hub.start("Nest", context.id("used"), 0);
        OrchestrationMetadata before = context.hub.ended(used, COMPLETED);
        Call call = new Call("FailingChild", used, "the second use");
        String parent = context.hub.start("CatchChild", context.id("parent"), call);
        Check.equal("message", context.hub.output(parent, Caught.class).message(), "child of the second use");
        OrchestrationMetadata after = context.hub.ended(used, FAILED);
        Check.equal("name", after.getName(), "FailingChild");
        Check.that(after.getCreatedAt().isAfter(before.getCreatedAt()), "created anew: " + after);
    }

    private static void failingIsCaught(Context context) throws Exception {
        String child = context.id("child");
        String parent = context.hub.start(
                "CatchChild", context.id("parent"), new Call("FailingChild", child, "a good parent"));
        Caught caught = context.hub.output(parent, Caught.class);
        Check.equal("task", caught.task(), "FailingChild");
        Check.equal("type", caught.type(), IllegalStateException.class.getName());
        Check.equal("message", caught.message(), "child of a good parent");
        Check.contains("stack trace", caught.trace(), "Children");
        Check.equal("failure of the child",
                context.hub.ended(child, FAILED).getFailureDetails().getErrorMessage(), caught.message());
    }

    private static void terminated(Context context) throws Exception {
        String child = context.id("child");
        Call call = new Call(Lifecycle.WAIT_FOR_GO, child, null);
        String parent = context.hub.start("CatchChild", context.id("parent"), call);
        context.hub.running(child);
        context.hub.terminate(child, "enough");
        Caught caught = context.hub.output(parent, Caught.class);
        Check.equal("task", caught.task(), Lifecycle.WAIT_FOR_GO);
        Check.that(!caught.type().isEmpty(), "the failure has a type");
        Check.contains("message", caught.message(), child);
    }

    private static void parentFails(Context context) throws Exception {
        String child = context.id("child");
        String parent = context.hub.start("AbandonChild", context.id("parent"), child);
        context.hub.running(child);
        context.inFlight();
        context.hub.raise(parent, "Fail", null);
        Check.equal("failure", context.hub.ended(parent, FAILED).getFailureDetails().getErrorMessage(),
                "a parent in trouble");
        context.hub.raise(child, "Go", "alone");
        Check.equal("output of the child", context.hub.output(child, String.class), "alone");
    }
}
