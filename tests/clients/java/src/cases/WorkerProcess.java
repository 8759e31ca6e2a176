package cases;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Level;
import java.util.logging.Logger;
import support.Check;
import support.Hub;
import support.Worker;

/** A worker in a process of its own that says when it holds work, never ends it, and can be killed. */
final class WorkerProcess implements AutoCloseable {
    private static final String HOLDING = "holding";

    private final Process process;

    WorkerProcess(Hub hub) throws IOException {
        this.process = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                "-cp", System.getProperty("java.class.path"),
                WorkerProcess.class.getName(), hub.endpoint, hub.name)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /** Waits until the worker is in the middle of what it will not end. */
    void holds() throws IOException {
        BufferedReader lines =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        Check.equal("line of the worker's process", lines.readLine(), HOLDING);
    }

    void kill() throws InterruptedException {
        process.destroyForcibly();
        Check.that(process.waitFor(10, TimeUnit.SECONDS), "the worker's process is gone");
    }

    @Override
    public void close() throws InterruptedException {
        kill();
    }

    /** Arguments: endpoint and task hub. Ends with its standard input, so that it does not outlive its parent. */
    public static void main(String[] arguments) throws IOException {
        Logger.getLogger("com.microsoft.durabletask").setLevel(Level.SEVERE);
        Hub hub = new Hub(arguments[0], arguments[1]);
        Worker.of(hub, Workers.knowing(WorkerProcess::holdForEver)).start();
        System.in.transferTo(System.err);
        Runtime.getRuntime().halt(0);
    }

    private static void holdForEver() {
        System.out.println(HOLDING);
        System.out.flush();
        while (true) {
            LockSupport.park();
        }
    }
}
