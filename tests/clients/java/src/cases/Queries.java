package cases;

import static com.microsoft.durabletask.OrchestrationRuntimeStatus.COMPLETED;
import static com.microsoft.durabletask.OrchestrationRuntimeStatus.FAILED;
import static com.microsoft.durabletask.OrchestrationRuntimeStatus.RUNNING;

import com.microsoft.durabletask.OrchestrationMetadata;
import com.microsoft.durabletask.OrchestrationStatusQuery;
import com.microsoft.durabletask.OrchestrationStatusQueryResult;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import support.Behaviour;
import support.Check;
import support.Context;
import support.Hub;
import support.Registry;

/** Queries by status, time and prefix, and their pages. This client does not list ids. */
public final class Queries {
    private static final int INSTANCES = 21;
    private static final int PAGE = 5;

    private Queries() {
    }

    public static void register(Registry registry) {
        registry.second("query_pages_across_the_restart", Behaviour.QUERY, Queries::pages)
                .first("query_filters", Behaviour.QUERY, Queries::filters)
                .first("query_without_payloads", Behaviour.QUERY, Queries::withoutPayloads);
    }

    private static OrchestrationStatusQuery byPrefix(Context context) {
        return new OrchestrationStatusQuery().setInstanceIdPrefix(context.id(""));
    }

    private static List<String> idsOf(Context context, OrchestrationStatusQuery query) throws Exception {
        OrchestrationStatusQueryResult result = Hub.answered(() -> context.hub.client.queryInstances(query));
        return result.getOrchestrationState().stream().map(OrchestrationMetadata::getInstanceId).toList();
    }

    private static void pages(Context context) throws Exception {
        List<String> expected = new ArrayList<>();
        for (int n = 0; n < INSTANCES; n++) {
            expected.add(context.hub.start("EchoInput", context.id("of" + n), n));
        }
        for (String id : expected) {
            context.hub.ended(id, COMPLETED);
        }
        List<String> seen = new ArrayList<>();
        List<Integer> sizes = new ArrayList<>();
        OrchestrationStatusQuery query = byPrefix(context).setMaxInstanceCount(PAGE).setFetchInputsAndOutputs(true);
        do {
            if (sizes.size() == 2) {
                context.inFlight();
            }
            OrchestrationStatusQueryResult page = Hub.answered(() -> context.hub.client.queryInstances(query));
            sizes.add(page.getOrchestrationState().size());
            for (OrchestrationMetadata state : page.getOrchestrationState()) {
                Check.equal("output of " + state.getInstanceId(),
                        state.readOutputAs(Integer.class), state.readInputAs(Integer.class));
                seen.add(state.getInstanceId());
            }
            query.setContinuationToken(page.getContinuationToken());
        } while (!query.getContinuationToken().isEmpty());
        Check.equal("sizes of the pages", sizes, List.of(5, 5, 5, 5, 1));
        Check.equal("instances by creation", seen, expected);
    }

    private static void filters(Context context) throws Exception {
        String completed = context.hub.start("EchoInput", context.id("completed"), 1);
        context.hub.ended(completed, COMPLETED);
        String failed = context.hub.start("Unhandled", context.id("failed"), null);
        Instant failedAt = context.hub.ended(failed, FAILED).getCreatedAt();
        String running = context.hub.start(Lifecycle.WAIT_FOR_GO, context.id("running"), null);
        Instant runningAt = context.hub.running(running).getCreatedAt();

        Check.equal("all", idsOf(context, byPrefix(context)), List.of(completed, failed, running));
        Check.equal("failed", idsOf(context, byPrefix(context).setRuntimeStatusList(List.of(FAILED))),
                List.of(failed));
        Check.equal("completed or running",
                idsOf(context, byPrefix(context).setRuntimeStatusList(List.of(COMPLETED, RUNNING))),
                List.of(completed, running));
        Check.equal("created from", idsOf(context, byPrefix(context).setCreatedTimeFrom(failedAt)),
                List.of(failed, running));
        Check.equal("created between", idsOf(context, byPrefix(context)
                .setCreatedTimeFrom(failedAt).setCreatedTimeTo(runningAt)), List.of(failed));
        Check.equal("of this hub", idsOf(context, byPrefix(context)
                .setTaskHubNames(List.of("another", context.hub.name))), List.of(completed, failed, running));
        Check.equal("of another hub", idsOf(context, byPrefix(context).setTaskHubNames(List.of("another"))),
                List.of());
        Check.equal("of no id", idsOf(context, byPrefix(context).setInstanceIdPrefix(context.id("x"))), List.of());
        context.hub.terminate(running, null);
    }

    private static void withoutPayloads(Context context) throws Exception {
        String id = context.hub.start("EchoInput", context.id("root"), "payload");
        context.hub.ended(id, COMPLETED);
        OrchestrationMetadata bare = Hub.answered(() -> context.hub.client.queryInstances(
                byPrefix(context).setFetchInputsAndOutputs(false))).getOrchestrationState().get(0);
        Check.equal("name", bare.getName(), "EchoInput");
        Check.equal("status", bare.getRuntimeStatus(), COMPLETED);
        Check.equal("input", bare.getSerializedInput(), "");
        Check.equal("output", bare.getSerializedOutput(), "");
    }
}
