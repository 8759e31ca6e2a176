package support;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintStream;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/** One JSON object a line on standard output. */
public final class Report {
    private static final ObjectMapper JSON = new ObjectMapper();
    private final PrintStream out;

    public Report(PrintStream out) {
        this.out = out;
    }

    /** `error` is empty for a case that succeeded. */
    public void verdict(Case subject, Duration took, String error) {
        Map<String, Object> line = lineOf(subject);
        line.put("ok", error.isEmpty());
        line.put("seconds", took.toMillis() / 1000.0);
        line.put("error", error);
        print(line);
    }

    public void skipped(Case subject) {
        Map<String, Object> line = lineOf(subject);
        line.put("skipped", subject.skipped());
        print(line);
    }

    void checkpoint() {
        print(Map.of("checkpoint", "half"));
    }

    private static Map<String, Object> lineOf(Case subject) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("name", subject.name());
        line.put("behaviour", subject.behaviour().text);
        return line;
    }

    private synchronized void print(Map<String, Object> line) {
        try {
            out.println(JSON.writeValueAsString(line));
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
        out.flush();
    }
}
