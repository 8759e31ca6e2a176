package support;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.Callable;

/** Assertions. They fail with an exception, not an error: a worker must survive them in an orchestration. */
public final class Check {
    public static final class Failed extends RuntimeException {
        private static final long serialVersionUID = 1;

        public Failed(String message) {
            super(message);
        }
    }

    private static final long BETWEEN_QUESTIONS_MILLIS = 20;

    private Check() {
    }

    public static void that(boolean condition, String what) {
        if (!condition) {
            throw new Failed("not so: " + what);
        }
    }

    public static void equal(String what, Object actual, Object expected) {
        if (!Objects.deepEquals(actual, expected)) {
            throw new Failed(what + ": expected " + brief(expected) + ", got " + brief(actual));
        }
    }

    public static void contains(String what, String text, String part) {
        that(text != null && text.contains(part), what + " contains \"" + part + "\": " + brief(text));
    }

    /** Asks again and again until the answer is yes; fails at the deadline. */
    public static void until(String what, Callable<Boolean> condition) throws Exception {
        Instant deadline = Instant.now().plus(Hub.DEADLINE);
        while (!condition.call()) {
            that(Instant.now().isBefore(deadline), "in time: " + what);
            Thread.sleep(BETWEEN_QUESTIONS_MILLIS);
        }
    }

    /** The server must refuse the call with this code. */
    public static void refused(Status.Code code, Callable<?> call) throws Exception {
        Object answer;
        try {
            answer = Hub.answered(call);
        } catch (StatusRuntimeException refusal) {
            equal("code of the refusal", refusal.getStatus().getCode(), code);
            return;
        }
        throw new Failed("accepted with " + answer + ", expected " + code);
    }

    private static String brief(Object value) {
        String array = Arrays.deepToString(new Object[] {value});
        String text = array.substring(1, array.length() - 1);
        return text.length() <= 300 ? text : text.substring(0, 300) + "… (" + text.length() + " characters)";
    }
}
