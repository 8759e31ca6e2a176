package main

// The same id again: without a policy, and with the client's three actions.

import (
	"time"

	"github.com/microsoft/durabletask-go/api"
	"google.golang.org/grpc/codes"
)

func reuse(b *book) {
	b.first(reusePolicies, "without_a_policy", withoutPolicy)
	b.first(reusePolicies, "policy_error", policyError)
	b.first(reusePolicies, "policy_ignore", policyIgnore)
	b.first(reusePolicies, "policy_ignore_of_another_status", policyIgnoreOther)
	b.first(reusePolicies, "policy_terminate_of_a_running_instance", policyTerminateRunning)
	b.first(reusePolicies, "policy_terminate_of_an_ended_instance", policyTerminateEnded)
	b.first(reusePolicies, "policy_terminate_of_another_status", policyTerminateOther)
	b.second(reusePolicies, "policy_ignore_while_the_server_is_away", policyIgnoreAway)
}

const alreadyExists = "orchestration instance already exists"

func withPolicy(action api.CreateOrchestrationAction, statuses ...api.OrchestrationStatus) api.NewOrchestrationOptions {
	return api.WithOrchestrationIdReusePolicy(
		&api.OrchestrationIdReusePolicy{Action: action, OperationStatus: statuses})
}

// waiting starts an instance that waits for "Go".
func (c *check) waiting() *api.OrchestrationMetadata {
	return c.running(c.start("waitForGo", "first"))
}

// unharmed says that a waiting instance still is the one that it was.
func (c *check) unharmed(before *api.OrchestrationMetadata) {
	c.equal(c.look(before.InstanceID), before, "state of the first instance")
	c.raise(before.InstanceID, "Go", "unharmed")
	state := c.gives(before.InstanceID, "unharmed")
	c.equal(state.SerializedInput, `"first"`, "input")
}

// replaced says that the id now belongs to a later instance with this output.
func (c *check) replaced(before *api.OrchestrationMetadata, output string) {
	state := c.gives(before.InstanceID, output)
	c.equal(state.Name, named("giveBack"), "name")
	if !state.CreatedAt.After(before.CreatedAt) {
		c.fail("created %v, not after %v", state.CreatedAt, before.CreatedAt)
	}
}

func withoutPolicy(c *check) {
	first := c.waiting()
	c.refused(c.tryStart(first.InstanceID, "giveBack", "second"), codes.AlreadyExists, alreadyExists)
	c.unharmed(first)
	c.startAs(first.InstanceID, "giveBack", "second")
	c.replaced(first, "second")
}

func policyError(c *check) {
	first := c.waiting()
	never := withPolicy(api.REUSE_ID_ACTION_ERROR)
	c.refused(c.tryStart(first.InstanceID, "giveBack", 2, never), codes.AlreadyExists, alreadyExists)
	c.unharmed(first)
	c.refused(c.tryStart(first.InstanceID, "giveBack", 2, never), codes.AlreadyExists, alreadyExists)
	c.gives(first.InstanceID, "unharmed")
}

func policyIgnore(c *check) {
	ignore := withPolicy(api.REUSE_ID_ACTION_IGNORE,
		api.RUNTIME_STATUS_RUNNING, api.RUNTIME_STATUS_COMPLETED, api.RUNTIME_STATUS_PENDING)
	first := c.waiting()
	c.startAs(first.InstanceID, "giveBack", "second", ignore)
	c.unharmed(first)
	c.startAs(first.InstanceID, "giveBack", "third", ignore)
	c.gives(first.InstanceID, "unharmed")
	fresh := freshID("ignore")
	c.startAs(fresh, "giveBack", "nobody was there", ignore)
	c.gives(fresh, "nobody was there")
}

func policyIgnoreOther(c *check) {
	first := c.waiting()
	onlyEnded := withPolicy(api.REUSE_ID_ACTION_IGNORE, api.RUNTIME_STATUS_COMPLETED)
	c.refused(c.tryStart(first.InstanceID, "giveBack", "second", onlyEnded), codes.AlreadyExists, alreadyExists)
	c.unharmed(first)
	c.startAs(first.InstanceID, "giveBack", "second", onlyEnded)
	c.gives(first.InstanceID, "unharmed")
}

func policyTerminateRunning(c *check) {
	first := c.waiting()
	c.startAs(first.InstanceID, "giveBack", "second",
		withPolicy(api.REUSE_ID_ACTION_TERMINATE, api.RUNTIME_STATUS_RUNNING, api.RUNTIME_STATUS_PENDING))
	c.replaced(first, "second")
	// An event for the first must not have been kept for a third.
	c.startAs(first.InstanceID, "waitForGo", nil)
	c.raise(first.InstanceID, "Go", "third")
	c.gives(first.InstanceID, "third")
}

func policyTerminateEnded(c *check) {
	first := c.waiting()
	c.unharmed(first)
	c.startAs(first.InstanceID, "giveBack", "second",
		withPolicy(api.REUSE_ID_ACTION_TERMINATE, api.RUNTIME_STATUS_COMPLETED))
	c.replaced(first, "second")
}

func policyTerminateOther(c *check) {
	first := c.waiting()
	onlyEnded := withPolicy(api.REUSE_ID_ACTION_TERMINATE, api.RUNTIME_STATUS_COMPLETED, api.RUNTIME_STATUS_FAILED)
	c.refused(c.tryStart(first.InstanceID, "giveBack", "second", onlyEnded), codes.AlreadyExists, alreadyExists)
	c.unharmed(first)
	onlyFailed := withPolicy(api.REUSE_ID_ACTION_TERMINATE, api.RUNTIME_STATUS_FAILED)
	c.refused(c.tryStart(first.InstanceID, "giveBack", "second", onlyFailed), codes.AlreadyExists, alreadyExists)
	c.gives(first.InstanceID, "unharmed")
}

func policyIgnoreAway(c *check) {
	ignore := withPolicy(api.REUSE_ID_ACTION_IGNORE, api.RUNTIME_STATUS_PENDING,
		api.RUNTIME_STATUS_RUNNING, api.RUNTIME_STATUS_COMPLETED)
	first := c.waiting()
	c.inFlight()
	for range 10 {
		c.startAs(first.InstanceID, "giveBack", "second", ignore)
		time.Sleep(stride)
	}
	c.unharmed(first)
}
