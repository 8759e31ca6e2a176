package support;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** How often something ran in this process, by key. */
public final class Counts {
    private final Map<String, Integer> counts = new ConcurrentHashMap<>();

    public int next(String key) {
        return counts.merge(key, 1, Integer::sum);
    }

    public int of(String key) {
        return counts.getOrDefault(key, 0);
    }
}
