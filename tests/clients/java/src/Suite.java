import cases.Children;
import cases.Events;
import cases.Failures;
import cases.FanOut;
import cases.Generations;
import cases.Lacking;
import cases.Lifecycle;
import cases.Payloads;
import cases.Purges;
import cases.Queries;
import cases.Retries;
import cases.Starts;
import cases.Timers;
import cases.Workers;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import support.Behaviour;
import support.Case;
import support.Checkpoint;
import support.Context;
import support.Hub;
import support.Registry;
import support.Report;
import support.Worker;

/**
 * Runs every case of the official Java client against one server:
 * {@code Suite http://127.0.0.1:8080 default [--only NAME]...}.
 *
 * <p>The cases of the first half run together, then those of the second; the line
 * {@code {"checkpoint": "half"}} says that all of the latter are in the middle.
 */
public final class Suite {
    private static final Duration OVERALL_LIMIT = Duration.ofSeconds(150);

    /** The client warns of every health ping and of every failure that a case provokes. */
    private static final Logger CLIENT_LOGGER = Logger.getLogger("com.microsoft.durabletask");

    private final Instant deadline = Instant.now().plus(OVERALL_LIMIT);
    private final Report report = new Report(System.out);
    private final String run = "java" + UUID.randomUUID().toString().substring(0, 8);
    private final Hub hub;
    private final List<Case> chosen;

    private Suite(Hub hub, List<Case> chosen) {
        this.hub = hub;
        this.chosen = chosen;
    }

    public static void main(String[] arguments) throws Exception {
        List<String> words = Arrays.asList(arguments);
        if (words.size() < 2 || words.size() % 2 != 0) {
            System.err.println("usage: Suite ENDPOINT TASKHUB [--only NAME]...");
            System.exit(2);
        }
        CLIENT_LOGGER.setLevel(Level.SEVERE);
        Registry registry = registry();
        List<Case> chosen = choose(registry.cases(), words.subList(2, words.size()));
        boolean green;
        try (Hub hub = new Hub(words.get(0), words.get(1)); Worker worker = Worker.of(hub, registry).start()) {
            worker.connected();
            green = new Suite(hub, chosen).runBothHalves();
        }
        System.exit(green ? 0 : 1);
    }

    private static Registry registry() {
        Registry registry = new Registry();
        FanOut.register(registry);
        Failures.register(registry);
        Retries.register(registry);
        Timers.register(registry);
        Events.register(registry);
        Generations.register(registry);
        Children.register(registry);
        Lifecycle.register(registry);
        Starts.register(registry);
        Queries.register(registry);
        Purges.register(registry);
        Payloads.register(registry);
        Workers.register(registry);
        Lacking.register(registry);
        Set<Behaviour> missing = EnumSet.allOf(Behaviour.class);
        registry.cases().forEach(subject -> missing.remove(subject.behaviour()));
        if (!missing.isEmpty()) {
            throw new IllegalStateException("no case for " + missing);
        }
        return registry;
    }

    private static List<Case> choose(List<Case> cases, List<String> options) {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < options.size(); i += 2) {
            if (!options.get(i).equals("--only")) {
                throw new IllegalArgumentException("unknown option " + options.get(i));
            }
            names.add(options.get(i + 1));
        }
        List<Case> chosen = cases.stream().filter(c -> names.isEmpty() || names.contains(c.name())).toList();
        if (chosen.isEmpty()) {
            throw new IllegalArgumentException("no case has that name");
        }
        return chosen;
    }

    private boolean runBothHalves() throws Exception {
        boolean first = runAll(half(Case.Half.FIRST), null);
        List<Case> rest = half(Case.Half.SECOND);
        Set<String> names = rest.stream().map(Case::name).collect(Collectors.toSet());
        boolean second = runAll(rest, new Checkpoint(report, names));
        return first && second;
    }

    private List<Case> half(Case.Half half) {
        return chosen.stream().filter(subject -> subject.half() == half).toList();
    }

    /** Runs the cases at the same time: they mostly wait for the server. */
    private boolean runAll(List<Case> cases, Checkpoint checkpoint) throws Exception {
        if (cases.isEmpty()) {
            return true;
        }
        ExecutorService threads = Executors.newCachedThreadPool(task -> {
            Thread thread = new Thread(task);
            thread.setDaemon(true);
            return thread;
        });
        List<Callable<Boolean>> runs = new ArrayList<>();
        cases.forEach(subject -> runs.add(() -> runOne(subject, checkpoint)));
        Duration left = Duration.between(Instant.now(), deadline);
        List<Future<Boolean>> results = threads.invokeAll(runs, left.toMillis(), TimeUnit.MILLISECONDS);
        boolean green = true;
        for (int i = 0; i < results.size(); i++) {
            if (results.get(i).isCancelled()) {
                report.verdict(cases.get(i), OVERALL_LIMIT, "did not end within the overall limit");
                green = false;
            } else {
                green &= results.get(i).get();
            }
        }
        return green;
    }

    private boolean runOne(Case subject, Checkpoint checkpoint) {
        if (subject.skipped() != null) {
            report.skipped(subject);
            return true;
        }
        Instant began = Instant.now();
        String error = "";
        try {
            subject.body().run(new Context(hub, run, subject.name(), checkpoint));
        } catch (Exception failure) {
            error = describe(failure);
        }
        if (checkpoint != null) {
            checkpoint.ended(subject.name());
        }
        if (Instant.now().isAfter(deadline)) {
            return false;
        }
        report.verdict(subject, Duration.between(began, Instant.now()), error);
        return error.isEmpty();
    }

    /** What went wrong, and the line of the case where it did. */
    private static String describe(Throwable failure) {
        String where = Arrays.stream(failure.getStackTrace())
                .filter(frame -> frame.getClassName().startsWith("cases."))
                .findFirst()
                .map(frame -> " (" + frame.getFileName() + ":" + frame.getLineNumber() + ")")
                .orElse("");
        return failure + where;
    }
}
