package main

// Sub-orchestrations: given and derived ids, results, failures.

import (
	"fmt"
	"time"

	"github.com/microsoft/durabletask-go/api"
	"github.com/microsoft/durabletask-go/task"
)

func children(b *book) {
	b.orchestrator("double", double)
	b.orchestrator("callDouble", callDouble)
	b.orchestrator("doubleMany", doubleMany)
	b.orchestrator("tree", tree)
	b.orchestrator("tellID", tellID)
	b.orchestrator("leaveChild", leaveChild)
	b.orchestrator("waitForGo", waitForGo)
	b.orchestrator("callChild", callChild)
	b.orchestrator("failBelow", failBelow)
	b.orchestrator("someChildrenFail", someChildrenFail)
	b.activity("timesTwo", timesTwo)
	b.first(childrenByID, "child_has_the_given_id", childHasGivenID)
	b.first(childrenByID, "child_has_a_derived_id", childHasDerivedID)
	b.first(childrenByID, "id_of_a_running_instance_is_refused", idOfRunningInstance)
	b.first(childrenByID, "id_of_an_ended_instance_is_taken_over", idOfEndedInstance)
	b.second(childrenByID, "twenty_children", twentyChildren)
	b.second(childrenByID, "tree_of_children", treeOfChildren)
	b.second(childrenByID, "child_outlives_its_parent", childOutlivesParent)
	b.first(failingChildren, "failure_of_a_child_is_caught", childFailureIsCaught)
	b.first(failingChildren, "failure_goes_up_level_by_level", failureGoesUp)
	b.first(failingChildren, "unregistered_child_fails", unregisteredChild)
	b.second(failingChildren, "some_of_several_children_fail", someOfSeveralFail)
	b.second(failingChildren, "terminated_child_fails_its_parents_task", terminatedChild)
}

type childInput struct {
	ID    string
	Child string
	Value any
}

func timesTwo(ctx task.ActivityContext) (any, error) {
	var number int
	err := ctx.GetInput(&number)
	time.Sleep(stride)
	return number * 2, err
}

func double(ctx *task.OrchestrationContext) (any, error) {
	var number, result int
	if err := ctx.GetInput(&number); err != nil {
		return nil, err
	}
	err := ctx.CallActivity(named("timesTwo"), task.WithActivityInput(number)).Await(&result)
	return result, err
}

func callDouble(ctx *task.OrchestrationContext) (any, error) {
	var child string
	if err := ctx.GetInput(&child); err != nil {
		return nil, err
	}
	var result int
	err := ctx.CallSubOrchestrator(named("double"), task.WithSubOrchestratorInput(21),
		task.WithSubOrchestrationInstanceID(child)).Await(&result)
	return result, err
}

func doubleMany(ctx *task.OrchestrationContext) (any, error) {
	var ids []string
	if err := ctx.GetInput(&ids); err != nil {
		return nil, err
	}
	var open []task.Task
	for number, id := range ids {
		open = append(open, ctx.CallSubOrchestrator(named("double"),
			task.WithSubOrchestratorInput(number), task.WithSubOrchestrationInstanceID(id)))
	}
	results := make([]int, len(open))
	for index, child := range open {
		if err := child.Await(&results[index]); err != nil {
			return nil, err
		}
	}
	return results, nil
}

// tree counts itself and what is below it.
func tree(ctx *task.OrchestrationContext) (any, error) {
	var depth int
	if err := ctx.GetInput(&depth); err != nil {
		return nil, err
	}
	if err := ctx.CreateTimer(3 * stride).Await(nil); err != nil || depth == 0 {
		return 1, err
	}
	total := 1
	var open []task.Task
	for range 2 {
		open = append(open, ctx.CallSubOrchestrator(named("tree"), task.WithSubOrchestratorInput(depth-1)))
	}
	for _, child := range open {
		var below int
		if err := child.Await(&below); err != nil {
			return nil, err
		}
		total += below
	}
	return total, nil
}

// tellID gives its id and, as deep as its input says, those below.
func tellID(ctx *task.OrchestrationContext) (any, error) {
	var depth int
	if err := ctx.GetInput(&depth); err != nil {
		return nil, err
	}
	ids := []string{string(ctx.ID)}
	if depth == 0 {
		return ids, nil
	}
	if err := ctx.CreateTimer(0).Await(nil); err != nil {
		return nil, err
	}
	var below []string
	err := ctx.CallSubOrchestrator(named("tellID"), task.WithSubOrchestratorInput(depth-1)).Await(&below)
	return append(ids, below...), err
}

// leaveChild starts a child and ends without it.
func leaveChild(ctx *task.OrchestrationContext) (any, error) {
	var child string
	if err := ctx.GetInput(&child); err != nil {
		return nil, err
	}
	ctx.CallSubOrchestrator(named("waitForGo"), task.WithSubOrchestrationInstanceID(child))
	return "left", nil
}

// waitForGo gives the payload of its event.
func waitForGo(ctx *task.OrchestrationContext) (any, error) {
	var payload any
	err := ctx.WaitForSingleEvent("Go", -1).Await(&payload)
	return payload, err
}

// callChild gives a child's result, or the text of its failure.
func callChild(ctx *task.OrchestrationContext) (any, error) {
	var input childInput
	if err := ctx.GetInput(&input); err != nil {
		return nil, err
	}
	var result any
	err := ctx.CallSubOrchestrator(named(input.Child), task.WithSubOrchestratorInput(input.Value),
		task.WithSubOrchestrationInstanceID(input.ID)).Await(&result)
	if err != nil {
		return "caught: " + err.Error(), nil
	}
	return result, nil
}

// failBelow fails as many levels down as its input says.
func failBelow(ctx *task.OrchestrationContext) (any, error) {
	var depth int
	if err := ctx.GetInput(&depth); err != nil {
		return nil, err
	}
	if depth == 0 {
		return nil, &orderLost{"Z-0"}
	}
	return nil, ctx.CallSubOrchestrator(named("failBelow"), task.WithSubOrchestratorInput(depth-1)).Await(nil)
}

func someChildrenFail(ctx *task.OrchestrationContext) (any, error) {
	var open []task.Task
	for number := range 6 {
		if number%2 == 0 {
			open = append(open, ctx.CallSubOrchestrator(named("double"), task.WithSubOrchestratorInput(number)))
		} else {
			open = append(open, ctx.CallSubOrchestrator(named("failBelow"), task.WithSubOrchestratorInput(0)))
		}
	}
	var outcomes []string
	for _, child := range open {
		var result int
		if err := child.Await(&result); err != nil {
			outcomes = append(outcomes, err.Error())
		} else {
			outcomes = append(outcomes, fmt.Sprint(result))
		}
	}
	return outcomes, nil
}

func childHasGivenID(c *check) {
	child := freshID("child")
	c.gives(c.start("callDouble", child), 42)
	state := c.gives(child, 42)
	c.equal(state.Name, named("double"), "name of the child")
	c.equal(state.SerializedInput, "21", "input of the child")
}

func childHasDerivedID(c *check) {
	id := c.start("tellID", 3)
	// In each generation of the family, action 0 is a timer and action 1 the child.
	c.gives(id, []api.InstanceID{id, id + ":0001", id + ":0001:0001", id + ":0001:0001:0001"})
	c.gives(id+":0001:0001", []api.InstanceID{id + ":0001:0001", id + ":0001:0001:0001"})
}

func idOfRunningInstance(c *check) {
	taken := c.start("waitForGo", nil)
	c.running(taken)
	id := c.start("callChild", childInput{ID: string(taken), Child: "double", Value: 1})
	var outcome string
	c.output(id, &outcome)
	c.contains(outcome, "caught: task failed with an error: ", string(taken))
	c.raise(taken, "Go", "unharmed")
	c.gives(taken, "unharmed")
}

func idOfEndedInstance(c *check) {
	child := c.start("double", 1)
	c.gives(child, 2)
	for number := 2; number < 4; number++ {
		c.gives(c.start("callChild", childInput{ID: string(child), Child: "double", Value: number}), 2*number)
		c.gives(child, 2*number)
	}
}

func twentyChildren(c *check) {
	var ids []api.InstanceID
	var expected []int
	for number := range 20 {
		ids = append(ids, freshID("twenty"))
		expected = append(expected, 2*number)
	}
	c.inFlight()
	c.gives(c.start("doubleMany", ids), expected)
	for number, id := range ids {
		c.gives(id, expected[number])
	}
}

func treeOfChildren(c *check) {
	id := c.start("tree", 5)
	c.running(id + ":0001")
	c.inFlight()
	c.gives(id, 63)
}

func childOutlivesParent(c *check) {
	child := freshID("outlives")
	c.gives(c.start("leaveChild", child), "left")
	c.running(child)
	c.inFlight()
	c.raise(child, "Go", "alone")
	c.gives(child, "alone")
}

func childFailureIsCaught(c *check) {
	child := freshID("fails")
	id := c.start("callChild", childInput{ID: string(child), Child: "failBelow", Value: 0})
	c.gives(id, "caught: task failed with an error: order Z-0 is lost")
	c.failsWith(child, "*main.orderLost", "order Z-0 is lost")
}

func failureGoesUp(c *check) {
	id := c.start("failBelow", 2)
	c.failsWith(id, awaitedType,
		"task failed with an error: task failed with an error: order Z-0 is lost")
	c.failsWith(id+":0000", awaitedType, "task failed with an error: order Z-0 is lost")
	c.failsWith(id+":0000:0000", "*main.orderLost", "order Z-0 is lost")
}

func unregisteredChild(c *check) {
	id := c.start("callChild", childInput{ID: string(freshID("missing")), Child: "missingChild"})
	c.gives(id, fmt.Sprintf("caught: task failed with an error: orchestrator named '%s' is not registered",
		named("missingChild")))
}

func someOfSeveralFail(c *check) {
	c.inFlight()
	const lost = "task failed with an error: order Z-0 is lost"
	c.gives(c.start("someChildrenFail", nil), []string{"0", lost, "4", lost, "8", lost})
}

func terminatedChild(c *check) {
	child := freshID("terminated")
	id := c.start("callChild", childInput{ID: string(child), Child: "waitForGo"})
	c.running(child)
	c.inFlight()
	c.terminate(child, api.WithOutput("enough"))
	c.equal(c.ended(child, api.RUNTIME_STATUS_TERMINATED).SerializedOutput, `"enough"`, "output of the child")
	var outcome string
	c.output(id, &outcome)
	c.contains(outcome, "caught: task failed with an error: ", string(child))
}
