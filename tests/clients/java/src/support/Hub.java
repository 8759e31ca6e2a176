package support;

import static com.microsoft.durabletask.OrchestrationRuntimeStatus.COMPLETED;

import com.microsoft.durabletask.DurableTaskClient;
import com.microsoft.durabletask.DurableTaskGrpcClientBuilder;
import com.microsoft.durabletask.NewOrchestrationInstanceOptions;
import com.microsoft.durabletask.OrchestrationMetadata;
import com.microsoft.durabletask.OrchestrationRuntimeStatus;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeoutException;

/** The official client of one task hub, with calls that outlast a restart of the server. */
public final class Hub implements AutoCloseable {
    /** Longer than anything takes on a busy machine: what meets it has failed. */
    public static final Duration DEADLINE = Duration.ofSeconds(60);

    private static final Duration BETWEEN_TRIES = Duration.ofMillis(50);

    public final String endpoint;
    public final String name;
    public final DurableTaskClient client;
    private final ManagedChannel channel;

    public Hub(String endpoint, String name) {
        this.endpoint = endpoint;
        this.name = name;
        this.channel = Channels.to(endpoint, name).build();
        this.client = new DurableTaskGrpcClientBuilder().grpcChannel(channel).build();
    }

    /**
     * Repeats a call that the server could not answer because it is being restarted. A start that
     * meets its own instance then had arrived at the first try.
     */
    public static <T> T answered(Callable<T> call) throws Exception {
        Instant deadline = Instant.now().plus(DEADLINE);
        for (boolean repeated = false; ; repeated = true) {
            try {
                return call.call();
            } catch (StatusRuntimeException failure) {
                Status.Code code = failure.getStatus().getCode();
                if (repeated && code == Status.Code.ALREADY_EXISTS) {
                    return null;
                }
                if (code != Status.Code.UNAVAILABLE || Instant.now().isAfter(deadline)) {
                    throw failure;
                }
            }
            Thread.sleep(BETWEEN_TRIES.toMillis());
        }
    }

    public String start(String orchestration, String id, Object input) throws Exception {
        answered(() -> client.scheduleNewOrchestrationInstance(orchestration, input, id));
        return id;
    }

    public String startAt(String orchestration, String id, Object input, Instant when) throws Exception {
        NewOrchestrationInstanceOptions options =
                new NewOrchestrationInstanceOptions().setInstanceId(id).setInput(input).setStartTime(when);
        answered(() -> client.scheduleNewOrchestrationInstance(orchestration, options));
        return id;
    }

    public void raise(String id, String event, Object data) throws Exception {
        answered(() -> {
            client.raiseEvent(id, event, data);
            return null;
        });
    }

    public void terminate(String id, Object output) throws Exception {
        answered(() -> {
            client.terminate(id, output);
            return null;
        });
    }

    public void suspend(String id) throws Exception {
        answered(() -> {
            client.suspendInstance(id, "suspended by its case");
            return null;
        });
    }

    public void resume(String id) throws Exception {
        answered(() -> {
            client.resumeInstance(id, "resumed by its case");
            return null;
        });
    }

    public OrchestrationMetadata state(String id) throws Exception {
        return answered(() -> client.getInstanceMetadata(id, true));
    }

    public void expect(String id, OrchestrationRuntimeStatus status) throws Exception {
        Check.equal("status of " + id, state(id).getRuntimeStatus(), status);
    }

    /** Waits until the instance exists, which its parent may yet have to create, and has run a turn. */
    public OrchestrationMetadata running(String id) throws Exception {
        Check.until(id + " exists", () -> state(id).isInstanceFound());
        return answered(() -> client.waitForInstanceStart(id, DEADLINE, true));
    }

    /** Waits for the end, which must be the expected one. */
    public OrchestrationMetadata ended(String id, OrchestrationRuntimeStatus expected) throws Exception {
        OrchestrationMetadata state = answered(() -> client.waitForInstanceCompletion(id, DEADLINE, true));
        Check.that(state.isInstanceFound(), id + " exists");
        Check.that(state.getRuntimeStatus() == expected, id + " ended " + state.getRuntimeStatus()
                + ", not " + expected + ": " + state.getFailureDetails().getErrorMessage());
        return state;
    }

    /** Waits for success and gives the output. */
    public <T> T output(String id, Class<T> type) throws Exception {
        return ended(id, COMPLETED).readOutputAs(type);
    }

    /** Believes that the instance does not end by itself after waiting this long for it. */
    public void staysOpen(String id, Duration time) throws Exception {
        answered(() -> {
            try {
                client.waitForInstanceCompletion(id, time, false);
            } catch (TimeoutException expected) {
                return null;
            }
            throw new Check.Failed(id + " ended");
        });
    }

    @Override
    public void close() {
        Channels.close(channel);
    }
}
