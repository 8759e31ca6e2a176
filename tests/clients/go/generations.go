package main

// Continue-as-new: what goes over to the next generation, and what does not.

import (
	"fmt"
	"time"

	"github.com/microsoft/durabletask-go/api"
	"github.com/microsoft/durabletask-go/task"
)

func generations(b *book) {
	b.orchestrator("collectByContinuing", collectByContinuing)
	b.orchestrator("oneNameAGeneration", oneNameAGeneration)
	b.orchestrator("forgetItems", forgetItems)
	b.orchestrator("countDown", countDown)
	b.orchestrator("continueWithChild", continueWithChild)
	b.orchestrator("leaveActivity", leaveActivity)
	b.activity("answerAfter", answerAfter)
	b.first(carryOver, "continue_as_new_keeps_events_in_order", keepsEventsInOrder)
	b.first(carryOver, "continue_as_new_keeps_events_of_other_names", keepsOtherNames)
	b.first(carryOver, "continue_as_new_without_keeping_drops_events", dropsWithoutKeeping)
	b.first(carryOver, "late_result_of_an_earlier_generation_is_dropped", lateResultIsDropped)
	b.first(carryOver, "result_before_that_of_an_earlier_generation_counts", resultIsTheLatest)
	b.first(carryOver, "continue_as_new_under_one_parent", generationsUnderParent)
	b.second(carryOver, "forty_generations", fortyGenerations)
	b.second(carryOver, "events_across_generations_while_the_server_is_away", eventsAcrossAway)
}

// collectByContinuing takes one item a generation; a raise that was repeated counts once.
func collectByContinuing(ctx *task.OrchestrationContext) (any, error) {
	var seen []int
	if err := ctx.GetInput(&seen); err != nil {
		return nil, err
	}
	var number int
	if err := ctx.WaitForSingleEvent("Item", -1).Await(&number); err != nil {
		return nil, err
	}
	if len(seen) == 0 || seen[len(seen)-1] != number {
		seen = append(seen, number)
	}
	if len(seen) < eventCount {
		ctx.ContinueAsNew(seen, task.WithKeepUnprocessedEvents())
		return nil, nil
	}
	return seen, nil
}

type namesInput struct {
	Names []string
	Seen  []string
}

// oneNameAGeneration takes three events of the first name that is left, and leaves the others.
func oneNameAGeneration(ctx *task.OrchestrationContext) (any, error) {
	var input namesInput
	if err := ctx.GetInput(&input); err != nil {
		return nil, err
	}
	if len(input.Names) == 0 {
		return input.Seen, nil
	}
	for range 3 {
		var payload string
		if err := ctx.WaitForSingleEvent(input.Names[0], -1).Await(&payload); err != nil {
			return nil, err
		}
		input.Seen = append(input.Seen, payload)
	}
	ctx.ContinueAsNew(namesInput{input.Names[1:], input.Seen}, task.WithKeepUnprocessedEvents())
	return nil, nil
}

// forgetItems continues when the items that came before "Go" are with it, and keeps none.
func forgetItems(ctx *task.OrchestrationContext) (any, error) {
	var second bool
	if err := ctx.GetInput(&second); err != nil {
		return nil, err
	}
	if second {
		ctx.SetCustomStatus("second generation")
		var item string
		err := ctx.WaitForSingleEvent("Item", -1).Await(&item)
		return item, err
	}
	if err := ctx.WaitForSingleEvent("Go", -1).Await(nil); err != nil {
		return nil, err
	}
	ctx.ContinueAsNew(true)
	return nil, nil
}

func countDown(ctx *task.OrchestrationContext) (any, error) {
	var left int
	if err := ctx.GetInput(&left); err != nil {
		return nil, err
	}
	if err := ctx.CreateTimer(50 * time.Millisecond).Await(nil); err != nil {
		return nil, err
	}
	var doubled int
	err := ctx.CallActivity(named("square"),
		task.WithActivityInput(squareInput{string(ctx.ID), left})).Await(&doubled)
	if err != nil || left == 0 {
		return doubled, err
	}
	ctx.ContinueAsNew(left - 1)
	return nil, nil
}

// continueWithChild awaits a child that has several generations.
func continueWithChild(ctx *task.OrchestrationContext) (any, error) {
	var result int
	err := ctx.CallSubOrchestrator(named("countDown"), task.WithSubOrchestratorInput(3)).Await(&result)
	return fmt.Sprint("child gave ", result), err
}

// answerAfter gives the milliseconds that it took.
func answerAfter(ctx task.ActivityContext) (any, error) {
	var milliseconds int
	err := ctx.GetInput(&milliseconds)
	time.Sleep(time.Duration(milliseconds) * time.Millisecond)
	return milliseconds, err
}

// leaveActivity continues without the result of its first activity. The next generation's has
// the same number, and the client names an activity by nothing else.
func leaveActivity(ctx *task.OrchestrationContext) (any, error) {
	var times []int
	if err := ctx.GetInput(&times); err != nil {
		return nil, err
	}
	activity := ctx.CallActivity(named("answerAfter"), task.WithActivityInput(times[0]))
	if len(times) > 1 {
		ctx.ContinueAsNew(times[1:])
		return nil, nil
	}
	var result int
	err := activity.Await(&result)
	return result, err
}

func keepsEventsInOrder(c *check) {
	id := c.start("collectByContinuing", []int{})
	c.raiseNumbers(id, "Item", eventCount)
	state := c.gives(id, numbers(eventCount))
	c.equal(state.SerializedInput, "[0,1,2,3,4,5,6,7,8]", "input of the last generation")
}

func keepsOtherNames(c *check) {
	id := c.start("oneNameAGeneration", namesInput{Names: []string{"C", "A", "B"}})
	for number := range 3 {
		for _, name := range []string{"a", "b", "c"} {
			c.raise(id, name, fmt.Sprint(name, number))
		}
	}
	c.gives(id, []string{"c0", "c1", "c2", "a0", "a1", "a2", "b0", "b1", "b2"})
}

func dropsWithoutKeeping(c *check) {
	id := c.start("forgetItems", false)
	c.running(id)
	c.raise(id, "Item", "forgotten")
	c.raise(id, "Item", "forgotten too")
	c.raise(id, "Go", nil)
	c.until(func() bool { return c.look(id).SerializedCustomStatus == "second generation" },
		"the second generation")
	c.raise(id, "Item", "fresh")
	c.gives(id, "fresh")
}

// leaveActivities gives the milliseconds of an earlier and of a later generation's activity.
func (c *check) leaveActivities(earlier, later int) {
	var ids []api.InstanceID
	for range 8 {
		ids = append(ids, c.start("leaveActivity", []int{earlier, later}))
	}
	for _, id := range ids {
		c.gives(id, later)
	}
}

func resultIsTheLatest(c *check) {
	c.leaveActivities(1000, 500)
}

func lateResultIsDropped(c *check) {
	c.leaveActivities(500, 1000)
}

func generationsUnderParent(c *check) {
	id := c.start("continueWithChild", nil)
	c.gives(id, "child gave 0")
	c.equal(c.gives(id+":0000", 0).SerializedInput, "0", "input of the child's last generation")
}

func fortyGenerations(c *check) {
	id := c.start("countDown", 40)
	created := c.running(id).CreatedAt
	c.inFlight()
	state := c.gives(id, 0)
	c.equal(state.SerializedInput, "0", "input of the last generation")
	c.equal(state.CreatedAt, created, "time of creation")
}

func eventsAcrossAway(c *check) {
	id := c.start("collectByContinuing", []int{})
	c.raiseNumbers(id, "Item", 2)
	c.inFlight()
	for number := 2; number < eventCount; number++ {
		c.raise(id, "Item", number)
		time.Sleep(stride)
	}
	c.gives(id, numbers(eventCount))
	c.isStatus(id, api.RUNTIME_STATUS_COMPLETED, "at the end")
}
