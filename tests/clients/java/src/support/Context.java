package support;

/** What one case works with: the shared task hub, unique ids, and its place in the run. */
public final class Context {
    public final Hub hub;
    private final String run;
    private final String name;
    private final Checkpoint checkpoint;

    public Context(Hub hub, String run, String name, Checkpoint checkpoint) {
        this.hub = hub;
        this.run = run;
        this.name = name;
        this.checkpoint = checkpoint;
    }

    /** An id of this run and case. */
    public String id(String suffix) {
        return run + "-" + name + "-" + suffix;
    }

    /** A task hub for this case alone, for cases whose workers or queries must not meet other work. */
    public Hub ownHub() {
        return new Hub(hub.endpoint, hub.name + "-" + run + "-" + name.replace('_', '-'));
    }

    /** Waits until the whole second half is in the middle, around the restart of the server. */
    public void inFlight() throws InterruptedException {
        checkpoint.inFlight(name);
    }

    public void afterOthers() throws InterruptedException {
        checkpoint.afterOthers(name);
    }
}
