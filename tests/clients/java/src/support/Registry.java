package support;

import com.microsoft.durabletask.DurableTaskGrpcWorkerBuilder;
import com.microsoft.durabletask.TaskActivity;
import com.microsoft.durabletask.TaskActivityFactory;
import com.microsoft.durabletask.TaskOrchestration;
import com.microsoft.durabletask.TaskOrchestrationFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The cases, and the orchestrations and activities that a worker must know for them. */
public final class Registry {
    private final List<Case> cases = new ArrayList<>();
    private final Map<String, TaskOrchestration> orchestrations = new LinkedHashMap<>();
    private final Map<String, TaskActivity> activities = new LinkedHashMap<>();

    public List<Case> cases() {
        return cases;
    }

    /** A case that counts runs or measures time, so that no restart may come between. */
    public Registry first(String name, Behaviour behaviour, Case.Body body) {
        cases.add(new Case(name, behaviour, Case.Half.FIRST, body, null));
        return this;
    }

    /** A case that is in the middle when the server is killed. */
    public Registry second(String name, Behaviour behaviour, Case.Body body) {
        cases.add(new Case(name, behaviour, Case.Half.SECOND, body, null));
        return this;
    }

    public Registry skip(String name, Behaviour behaviour, String reason) {
        cases.add(new Case(name, behaviour, Case.Half.FIRST, null, reason));
        return this;
    }

    public Registry orchestration(String name, TaskOrchestration body) {
        orchestrations.put(name, body);
        return this;
    }

    public Registry activity(String name, TaskActivity body) {
        activities.put(name, body);
        return this;
    }

    void addTo(DurableTaskGrpcWorkerBuilder builder) {
        orchestrations.forEach((name, body) -> builder.addOrchestration(new TaskOrchestrationFactory() {
            @Override
            public String getName() {
                return name;
            }

            @Override
            public TaskOrchestration create() {
                return body;
            }
        }));
        activities.forEach((name, body) -> builder.addActivity(new TaskActivityFactory() {
            @Override
            public String getName() {
                return name;
            }

            @Override
            public TaskActivity create() {
                return body;
            }
        }));
    }
}
