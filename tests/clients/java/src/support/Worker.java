package support;

import com.microsoft.durabletask.DurableTaskGrpcWorker;
import com.microsoft.durabletask.DurableTaskGrpcWorkerBuilder;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** An official worker on a thread and a channel of its own, so that it can be stopped. */
public final class Worker implements AutoCloseable {
    private final ManagedChannel channel;
    private final Thread thread;
    private final CountDownLatch connected = new CountDownLatch(1);

    private Worker(Options options) {
        this.channel = Channels.to(options.hub.endpoint, options.hub.name)
                .intercept(new ConnectionWatch())
                .build();
        DurableTaskGrpcWorkerBuilder builder = new DurableTaskGrpcWorkerBuilder()
                .grpcChannel(channel)
                .maximumTimerInterval(options.maxTimerInterval);
        options.registry.addTo(builder);
        DurableTaskGrpcWorker worker = builder.build();
        this.thread = new Thread(worker::startAndBlock, "worker of " + options.hub.name);
        this.thread.setDaemon(true);
        this.thread.start();
    }

    public static Options of(Hub hub, Registry registry) {
        return new Options(hub, registry);
    }

    /** Waits until the server has accepted the worker's stream. */
    public Worker connected() throws InterruptedException {
        Check.that(connected.await(Hub.DEADLINE.toSeconds(), TimeUnit.SECONDS), "the worker connected");
        return this;
    }

    /** The worker has no stop of its own: its stream ends with the channel, and its wait by an interrupt. */
    @Override
    public void close() {
        Channels.close(channel);
        thread.interrupt();
    }

    /** How a worker is made; what is not said is the client's default. */
    public static final class Options {
        private final Hub hub;
        private final Registry registry;
        private Duration maxTimerInterval;

        private Options(Hub hub, Registry registry) {
            this.hub = hub;
            this.registry = registry;
        }

        public Options maxTimerInterval(Duration interval) {
            this.maxTimerInterval = interval;
            return this;
        }

        public Worker start() {
            return new Worker(this);
        }
    }

    private final class ConnectionWatch implements ClientInterceptor {
        @Override
        public <Q, A> ClientCall<Q, A> interceptCall(
                MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
            return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
                @Override
                public void start(Listener<A> listener, Metadata headers) {
                    super.start(new SimpleForwardingClientCallListener<>(listener) {
                        @Override
                        public void onHeaders(Metadata answer) {
                            connected.countDown();
                            super.onHeaders(answer);
                        }
                    }, headers);
                }
            };
        }
    }
}
