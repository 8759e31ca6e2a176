package support;

/** One named check of one behaviour, or the reason why this client cannot be asked for it. */
public record Case(String name, Behaviour behaviour, Half half, Body body, String skipped) {

    /** The server is killed and restarted while the cases of the second half are in the middle. */
    public enum Half { FIRST, SECOND }

    @FunctionalInterface
    public interface Body {
        void run(Context context) throws Exception;
    }
}
