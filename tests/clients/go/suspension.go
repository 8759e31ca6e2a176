package main

// Suspend and resume, with events, timers and results that arrive meanwhile.

import (
	"time"

	"github.com/microsoft/durabletask-go/api"
	"github.com/microsoft/durabletask-go/task"
)

// How long a suspended instance must stay still to be believed; its timer is due before.
const stillness = 1500 * time.Millisecond

func suspension(b *book) {
	b.orchestrator("timerThenEvents", timerThenEvents)
	b.first(suspendMeanwhile, "suspend_withholds_events_and_timers", suspendWithholds)
	b.first(suspendMeanwhile, "suspend_before_the_first_turn", suspendBeforeFirstTurn)
	b.first(suspendMeanwhile, "suspend_and_resume_twice_is_harmless", suspendTwice)
	b.first(suspendMeanwhile, "terminate_overrides_suspension", terminateOverridesSuspension)
	b.second(suspendMeanwhile, "suspended_while_the_server_is_away", suspendedAway)
	b.second(suspendMeanwhile, "suspend_and_resume_while_the_server_goes", suspendAndResumeAway)
}

// timerThenEvents has a timer, an activity and three waits open at once.
func timerThenEvents(ctx *task.OrchestrationContext) (any, error) {
	timer := ctx.CreateTimer(700 * time.Millisecond)
	activity := ctx.CallActivity(named("timesTwo"), task.WithActivityInput(4))
	results := make([]int, 4)
	open := []task.Task{activity}
	for range 3 {
		open = append(open, ctx.WaitForSingleEvent("Item", -1))
	}
	if err := timer.Await(nil); err != nil {
		return nil, err
	}
	for index, one := range open {
		if err := one.Await(&results[index]); err != nil {
			return nil, err
		}
	}
	return results, nil
}

func suspendWithholds(c *check) {
	id := c.start("timerThenEvents", nil)
	c.running(id)
	c.suspend(id)
	c.isStatus(id, api.RUNTIME_STATUS_SUSPENDED, "right after suspend")
	c.raiseNumbers(id, "item", 3)
	c.staysOpen(id, stillness)
	c.isStatus(id, api.RUNTIME_STATUS_SUSPENDED, "with a timer that is due")
	c.resume(id)
	c.gives(id, []int{8, 0, 1, 2})
}

func suspendBeforeFirstTurn(c *check) {
	id := c.start("collect", []string{"Item", "Item"})
	c.suspend(id)
	c.equal(c.running(id).RuntimeStatus, api.RUNTIME_STATUS_SUSPENDED, "status that the wait for a start gives")
	c.raiseNumbers(id, "Item", 2)
	c.staysOpen(id, stillness)
	c.resume(id)
	c.gives(id, []int{0, 1})
}

func suspendTwice(c *check) {
	id := c.start("waitForGo", nil)
	c.running(id)
	c.resume(id)
	c.isStatus(id, api.RUNTIME_STATUS_RUNNING, "after resume of a running instance")
	for range 2 {
		c.suspend(id)
		c.isStatus(id, api.RUNTIME_STATUS_SUSPENDED, "after suspend")
	}
	for range 2 {
		c.resume(id)
		c.isStatus(id, api.RUNTIME_STATUS_RUNNING, "after resume")
	}
	c.raise(id, "Go", 1)
	before := c.gives(id, 1)
	c.suspend(id)
	c.resume(id)
	c.equal(c.look(id), before, "state after suspend of an ended instance")
}

func terminateOverridesSuspension(c *check) {
	id := c.start("waitForGo", nil)
	c.running(id)
	c.suspend(id)
	c.raise(id, "Go", "withheld")
	c.terminate(id, api.WithOutput("over"))
	c.allTerminated(`"over"`, id)
}

func suspendedAway(c *check) {
	id := c.start("timerThenEvents", nil)
	c.running(id)
	c.suspend(id)
	c.raise(id, "Item", 0)
	c.inFlight()
	c.raise(id, "Item", 1)
	c.staysOpen(id, 2*stillness)
	c.isStatus(id, api.RUNTIME_STATUS_SUSPENDED, "after the server was away")
	c.resume(id)
	// The second event may have come twice.
	c.until(func() bool {
		c.raise(id, "Item", 1)
		return c.look(id).IsComplete()
	}, "the end of what was suspended")
	c.gives(id, []int{8, 0, 1, 1})
}

func suspendAndResumeAway(c *check) {
	id := c.start("waitForGo", nil)
	c.running(id)
	c.inFlight()
	for range 8 {
		c.suspend(id)
		c.isStatus(id, api.RUNTIME_STATUS_SUSPENDED, "after suspend")
		time.Sleep(stride)
		c.resume(id)
		c.isStatus(id, api.RUNTIME_STATUS_RUNNING, "after resume")
	}
	c.raise(id, "Go", "at last")
	c.gives(id, "at last")
}
