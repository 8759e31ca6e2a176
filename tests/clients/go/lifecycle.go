package main

// Terminate, with and without the children.

import (
	"time"

	"github.com/microsoft/durabletask-go/api"
	"github.com/microsoft/durabletask-go/task"
	"google.golang.org/grpc/codes"
)

func lifecycle(b *book) {
	b.orchestrator("lineOfWaiting", lineOfWaiting)
	b.orchestrator("leaveLine", leaveLine)
	b.first(recursiveTerminate, "terminate_reaches_all_descendants", terminateReachesAll)
	b.first(recursiveTerminate, "terminate_reaches_below_an_ended_child", terminateReachesBelowEnded)
	b.second(recursiveTerminate, "families_terminated_while_the_server_is_away", familiesTerminatedAway)
	b.first(plainTerminate, "terminate_gives_its_output", terminateGivesOutput)
	b.first(plainTerminate, "terminate_spares_children", terminateSparesChildren)
	b.first(plainTerminate, "terminate_right_after_the_start", terminateRightAfterStart)
	b.first(plainTerminate, "terminate_of_the_unknown_and_the_ended", terminateOfNobody)
	b.second(plainTerminate, "terminate_while_the_server_is_away", terminateAway)
}

// lineOfWaiting has a child for the first id, which has one for the second, and so on down.
func lineOfWaiting(ctx *task.OrchestrationContext) (any, error) {
	var ids []string
	if err := ctx.GetInput(&ids); err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return "leaf", ctx.WaitForSingleEvent("Go", -1).Await(nil)
	}
	err := ctx.CallSubOrchestrator(named("lineOfWaiting"), task.WithSubOrchestratorInput(ids[1:]),
		task.WithSubOrchestrationInstanceID(ids[0])).Await(nil)
	return "parent", err
}

// leaveLine starts a child that starts a waiting one and ends, and waits itself.
func leaveLine(ctx *task.OrchestrationContext) (any, error) {
	var ids []string
	if err := ctx.GetInput(&ids); err != nil {
		return nil, err
	}
	if err := ctx.CallSubOrchestrator(named("leaveChild"), task.WithSubOrchestratorInput(ids[1]),
		task.WithSubOrchestrationInstanceID(ids[0])).Await(nil); err != nil {
		return nil, err
	}
	return "waited", ctx.WaitForSingleEvent("Go", -1).Await(nil)
}

func (c *check) line(length int) (root api.InstanceID, below []api.InstanceID) {
	for range length {
		below = append(below, freshID("line"))
	}
	root = c.start("lineOfWaiting", below)
	for _, id := range below {
		c.running(id)
	}
	return root, below
}

func (c *check) allTerminated(output string, ids ...api.InstanceID) {
	for _, id := range ids {
		state := c.ended(id, api.RUNTIME_STATUS_TERMINATED)
		c.equal(state.SerializedOutput, output, "output of "+string(id))
		if found := c.failureOf(id); found != nil {
			c.fail("the terminated %s has a failure: %+v", id, found)
		}
	}
}

func terminateReachesAll(c *check) {
	root, below := c.line(4)
	c.terminate(root, api.WithOutput("all of you"))
	c.allTerminated(`"all of you"`, append(below, root)...)
}

func terminateReachesBelowEnded(c *check) {
	child, grandchild := freshID("ended"), freshID("below")
	root := c.start("leaveLine", []api.InstanceID{child, grandchild})
	c.running(child)
	c.gives(child, "left")
	c.running(grandchild)
	c.terminate(root, api.WithRecursiveTerminate(true), api.WithRawOutput(`{"n": 1}`))
	c.allTerminated(`{"n": 1}`, root, grandchild)
	c.gives(child, "left")
}

func familiesTerminatedAway(c *check) {
	type family struct {
		root  api.InstanceID
		below []api.InstanceID
	}
	var families []family
	for range 8 {
		root, below := c.line(3)
		families = append(families, family{root, below})
	}
	c.inFlight()
	for _, one := range families {
		c.terminate(one.root, api.WithOutput("away"))
		time.Sleep(stride)
	}
	for _, one := range families {
		c.allTerminated(`"away"`, append(one.below, one.root)...)
	}
}

func terminateGivesOutput(c *check) {
	id := c.start("waitForGo", nil)
	c.running(id)
	c.terminate(id, api.WithOutput(map[string]string{"why": "enough"}))
	c.allTerminated(`{"why":"enough"}`, id)
	silent := c.start("waitForGo", nil)
	c.running(silent)
	c.terminate(silent)
	c.allTerminated("", silent)
}

func terminateSparesChildren(c *check) {
	root, below := c.line(2)
	c.terminate(root, api.WithRecursiveTerminate(false))
	c.allTerminated("", root)
	for _, id := range below {
		c.isStatus(id, api.RUNTIME_STATUS_RUNNING, "below the terminated")
	}
	c.raise(below[1], "Go", nil)
	c.gives(below[1], "leaf")
	c.gives(below[0], "parent")
	c.isStatus(root, api.RUNTIME_STATUS_TERMINATED, "after its children ended")
}

func terminateRightAfterStart(c *check) {
	id := c.start("waitForGo", nil)
	c.terminate(id, api.WithOutput("at once"))
	c.allTerminated(`"at once"`, id)
	scheduled := c.start("waitForGo", nil, api.WithStartTime(time.Now().Add(time.Hour)))
	c.terminate(scheduled, api.WithOutput("before its time"))
	c.allTerminated(`"before its time"`, scheduled)
}

func terminateOfNobody(c *check) {
	missing := freshID("missing")
	c.refused(c.client.TerminateOrchestration(c.ctx, missing), codes.NotFound)
	c.refused(c.client.SuspendOrchestration(c.ctx, missing, ""), codes.NotFound)
	c.refused(c.client.ResumeOrchestration(c.ctx, missing, ""), codes.NotFound)
	id := c.start("giveBack", "done")
	before := c.gives(id, "done")
	c.terminate(id, api.WithOutput("too late"))
	c.equal(c.look(id), before, "state after terminate of an ended instance")
}

func terminateAway(c *check) {
	var roots, spared []api.InstanceID
	for range 8 {
		root, below := c.line(1)
		roots, spared = append(roots, root), append(spared, below...)
	}
	c.inFlight()
	for _, root := range roots {
		c.terminate(root, api.WithRecursiveTerminate(false), api.WithOutput("only you"))
		time.Sleep(stride)
	}
	c.allTerminated(`"only you"`, roots...)
	for _, id := range spared {
		c.raise(id, "Go", nil)
		c.gives(id, "leaf")
	}
}
