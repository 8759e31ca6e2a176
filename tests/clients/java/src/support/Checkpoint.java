package support;

import java.util.HashSet;
import java.util.Set;

/** The moment when every case of the second half is in the middle: whoever listens kills the server then. */
public final class Checkpoint {
    private final Set<String> underway = new HashSet<>();
    private final Set<String> afterOthers = new HashSet<>();
    private final Report report;
    private boolean passed;

    public Checkpoint(Report report, Set<String> cases) {
        this.report = report;
        this.underway.addAll(cases);
        passWhenAllArrived();
    }

    /** The case is in the middle; goes on when all are. */
    synchronized void inFlight(String name) throws InterruptedException {
        ended(name);
        while (!passed) {
            wait();
        }
    }

    /** Waits until all other cases are in the middle, for work that would be over before they are. */
    synchronized void afterOthers(String name) throws InterruptedException {
        afterOthers.add(name);
        notifyAll();
        while (!afterOthers.containsAll(underway)) {
            wait();
        }
    }

    /** A case that failed on its way must not hold up the others. */
    public synchronized void ended(String name) {
        underway.remove(name);
        passWhenAllArrived();
        notifyAll();
    }

    private void passWhenAllArrived() {
        if (underway.isEmpty() && !passed) {
            passed = true;
            report.checkpoint();
        }
    }
}
