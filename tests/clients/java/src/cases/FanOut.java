package cases;

import com.microsoft.durabletask.Task;
import com.microsoft.durabletask.TaskActivityContext;
import com.microsoft.durabletask.TaskOrchestrationContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import support.Behaviour;
import support.Check;
import support.Context;
import support.Counts;
import support.Registry;

/** Many activities at once, and results of every kind. */
public final class FanOut {
    private static final int WIDE = 1000;

    /** Work of some seconds for the one thread of the worker, so that a restart comes into it. */
    private static final int SLOW = 250;
    private static final long SLOW_MILLIS = 12;
    private static final int ENOUGH_TO_BE_IN_THE_MIDDLE = 20;

    private static final Counts RUNS = new Counts();

    private FanOut() {
    }

    public static void register(Registry registry) {
        registry.orchestration("Squares", FanOut::squares).activity("Square", FanOut::square)
                .orchestration("AllKinds", FanOut::allKinds)
                .activity("Words", ctx -> List.of("ä", "", "\"quoted\"\n"))
                .activity("Item", ctx -> new Item("pen", 3, List.of(1.5, -2.0), Map.of("blue", true)))
                .activity("Falsy", FanOut::falsy)
                .activity("Nothing", ctx -> null)
                .activity("Large", ctx -> Long.MIN_VALUE);
        registry.first("fan_out_of_1000", Behaviour.FAN_OUT, FanOut::fanOutOf1000)
                .second("fan_out_during_the_restart", Behaviour.FAN_OUT, FanOut::duringTheRestart)
                .first("results_of_every_kind", Behaviour.HETEROGENEOUS, FanOut::everyKind);
    }

    record Squares(int count, long millis, boolean waitForBegin) {
    }

    record Number(int value, long millis) {
    }

    public record Item(String name, int count, List<Double> prices, Map<String, Boolean> colours) {
    }

    private static void squares(TaskOrchestrationContext ctx) {
        Squares wanted = ctx.getInput(Squares.class);
        if (wanted.waitForBegin()) {
            ctx.waitForExternalEvent("Begin").await();
        }
        List<Task<Integer>> tasks = new ArrayList<>();
        for (int n = 0; n < wanted.count(); n++) {
            tasks.add(ctx.callActivity("Square", new Number(n, wanted.millis()), Integer.class));
        }
        ctx.complete(ctx.allOf(tasks).await());
    }

    private static Object square(TaskActivityContext ctx) {
        Number number = ctx.getInput(Number.class);
        work(number.millis());
        RUNS.next(number.toString());
        return number.value() * number.value();
    }

    /** An activity that takes its time. */
    static void work(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    private static void fanOutOf1000(Context context) throws Exception {
        String id = context.hub.start("Squares", context.id("wide"), new Squares(WIDE, 0, false));
        Check.equal("squares", context.hub.output(id, int[].class), squaresUpTo(WIDE));
        for (int n = 0; n < WIDE; n++) {
            Check.equal("runs of number " + n, RUNS.of(new Number(n, 0).toString()), 1);
        }
    }

    private static void duringTheRestart(Context context) throws Exception {
        String id = context.hub.start("Squares", context.id("slow"), new Squares(SLOW, SLOW_MILLIS, true));
        context.hub.running(id);
        context.afterOthers();
        context.hub.raise(id, "Begin", null);
        String one = new Number(ENOUGH_TO_BE_IN_THE_MIDDLE, SLOW_MILLIS).toString();
        Check.until("activities run", () -> RUNS.of(one) > 0);
        context.inFlight();
        Check.equal("squares", context.hub.output(id, int[].class), squaresUpTo(SLOW));
    }

    private static int[] squaresUpTo(int count) {
        return IntStream.range(0, count).map(n -> n * n).toArray();
    }

    private static Object falsy(TaskActivityContext ctx) {
        return switch (ctx.getInput(String.class)) {
            case "zero" -> 0;
            case "false" -> false;
            case "empty" -> "";
            default -> List.of();
        };
    }

    private static void allKinds(TaskOrchestrationContext ctx) {
        Task<String[]> words = ctx.callActivity("Words", String[].class);
        Task<Item> item = ctx.callActivity("Item", Item.class);
        Task<Void> nothing = ctx.callActivity("Nothing");
        Task<Long> large = ctx.callActivity("Large", Long.class);
        List<Task<Object>> mixed = List.of(
                ctx.callActivity("Falsy", "zero", Object.class),
                ctx.callActivity("Falsy", "false", Object.class),
                ctx.callActivity("Falsy", "empty", Object.class),
                ctx.callActivity("Falsy", "list", Object.class),
                ctx.callActivity("Nothing", Object.class));
        List<Object> falsy = ctx.allOf(mixed).await();
        ctx.complete(new Kinds(words.await(), item.await(), nothing.await(), large.await(), falsy));
    }

    record Kinds(String[] words, Item item, Object nothing, long large, List<Object> falsy) {
    }

    private static void everyKind(Context context) throws Exception {
        String id = context.hub.start("AllKinds", context.id("kinds"), null);
        Kinds kinds = context.hub.output(id, Kinds.class);
        Check.equal("words", kinds.words(), new String[] {"ä", "", "\"quoted\"\n"});
        Check.equal("item", kinds.item(), new Item("pen", 3, List.of(1.5, -2.0), Map.of("blue", true)));
        Check.equal("nothing", kinds.nothing(), null);
        Check.equal("large", kinds.large(), Long.MIN_VALUE);
        List<Object> falsy = new ArrayList<>(List.of(0, false, "", List.of()));
        falsy.add(null);
        Check.equal("falsy results", kinds.falsy(), falsy);
    }
}
