package support;

import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.net.URI;
import java.util.concurrent.TimeUnit;

/** Channels to one task hub: the client names its hub by the header that they add. */
final class Channels {
    private static final Metadata.Key<String> TASK_HUB =
            Metadata.Key.of("taskhub", Metadata.ASCII_STRING_MARSHALLER);

    private Channels() {
    }

    static ManagedChannelBuilder<?> to(String endpoint, String taskHub) {
        URI address = URI.create(endpoint);
        Metadata headers = new Metadata();
        headers.put(TASK_HUB, taskHub);
        return ManagedChannelBuilder.forAddress(address.getHost(), address.getPort())
                .usePlaintext()
                .intercept(MetadataUtils.newAttachHeadersInterceptor(headers));
    }

    static void close(ManagedChannel channel) {
        channel.shutdownNow();
        try {
            channel.awaitTermination(5, TimeUnit.SECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
