package main

// Retry policies, which the client runs with durable timers and new actions.

import (
	"fmt"
	"strings"
	"time"

	"github.com/microsoft/durabletask-go/api"
	"github.com/microsoft/durabletask-go/task"
)

var retryRuns tally

func retries(b *book) {
	b.orchestrator("retryActivity", retryActivity)
	b.orchestrator("retryChild", retryChild)
	b.orchestrator("flakyChild", flakyChild)
	b.activity("failUntil", failUntil)
	b.first(retryPolicies, "activity_is_retried_until_it_succeeds", retriedUntilSuccess)
	b.first(retryPolicies, "activity_fails_when_its_attempts_are_used_up", attemptsUsedUp)
	b.first(retryPolicies, "wait_between_attempts_has_a_maximum", waitHasMaximum)
	b.first(retryPolicies, "handler_ends_the_retries", handlerEndsRetries)
	b.first(retryPolicies, "retries_end_with_their_time", retriesEndWithTime)
	b.first(retryPolicies, "child_is_retried_under_the_same_id", childRetriedSameID)
	b.first(retryPolicies, "child_is_retried_under_derived_ids", childRetriedDerivedIDs)
	b.second(retryPolicies, "retries_go_on_after_the_server_was_away", retriesGoOn)
}

// policy is a retry policy that can be an input.
type policy struct {
	Attempts    int
	First       time.Duration
	Coefficient float64
	Longest     time.Duration
	Timeout     time.Duration
}

func (p policy) options() *task.RetryPolicy {
	return &task.RetryPolicy{
		MaxAttempts:          p.Attempts,
		InitialRetryInterval: p.First,
		BackoffCoefficient:   p.Coefficient,
		MaxRetryInterval:     p.Longest,
		RetryTimeout:         p.Timeout,
		Handle:               func(err error) bool { return !strings.Contains(err.Error(), "fatal") },
	}
}

type retryInput struct {
	Key         string
	GoodAttempt int
	Word        string
	Policy      policy
	ChildID     string
}

func failUntil(ctx task.ActivityContext) (any, error) {
	var input retryInput
	if err := ctx.GetInput(&input); err != nil {
		return nil, err
	}
	run := retryRuns.next(input.Key)
	if run < input.GoodAttempt {
		return nil, fmt.Errorf("%s attempt %d", input.Word, run)
	}
	return run, nil
}

func retryActivity(ctx *task.OrchestrationContext) (any, error) {
	var input retryInput
	if err := ctx.GetInput(&input); err != nil {
		return nil, err
	}
	var run int
	err := ctx.CallActivity(named("failUntil"), task.WithActivityInput(input),
		task.WithActivityRetryPolicy(input.Policy.options())).Await(&run)
	return run, err
}

// flakyChild gives its own id.
func flakyChild(ctx *task.OrchestrationContext) (any, error) {
	var input retryInput
	if err := ctx.GetInput(&input); err != nil {
		return nil, err
	}
	err := ctx.CallActivity(named("failUntil"), task.WithActivityInput(input)).Await(nil)
	return ctx.ID, err
}

func retryChild(ctx *task.OrchestrationContext) (any, error) {
	var input retryInput
	if err := ctx.GetInput(&input); err != nil {
		return nil, err
	}
	var child string
	err := ctx.CallSubOrchestrator(named("flakyChild"), task.WithSubOrchestratorInput(input),
		task.WithSubOrchestrationInstanceID(input.ChildID),
		task.WithSubOrchestrationRetryPolicy(input.Policy.options())).Await(&child)
	return child, err
}

// retry starts an orchestrator whose activity counts under a key that is given back.
func (c *check) retry(orchestrator string, input retryInput) (api.InstanceID, string) {
	input.Key = string(freshID("retries"))
	return c.start(orchestrator, input), input.Key
}

func retriedUntilSuccess(c *check) {
	began := time.Now()
	id, key := c.retry("retryActivity", retryInput{
		GoodAttempt: 3, Policy: policy{Attempts: 5, First: 200 * time.Millisecond, Coefficient: 2}})
	c.gives(id, 3)
	c.atLeast(time.Since(began), 600*time.Millisecond, "waits of 0.2 s and 0.4 s")
	c.equal(retryRuns.of(key), 3, "attempts")
}

func attemptsUsedUp(c *check) {
	id, key := c.retry("retryActivity", retryInput{
		GoodAttempt: 99, Word: "bad", Policy: policy{Attempts: 4, First: time.Millisecond}})
	c.failsWith(id, awaitedType, "task failed with an error: bad attempt 4")
	c.equal(retryRuns.of(key), 4, "attempts")
}

func waitHasMaximum(c *check) {
	began := time.Now()
	id, _ := c.retry("retryActivity", retryInput{GoodAttempt: 4, Policy: policy{
		Attempts: 4, First: 100 * time.Millisecond, Coefficient: 100, Longest: 200 * time.Millisecond}})
	c.gives(id, 4)
	c.atLeast(time.Since(began), 500*time.Millisecond, "waits of 0.1 s, 0.2 s and 0.2 s")
	c.below(time.Since(began), 8*time.Second, "the second wait without its maximum")
}

func handlerEndsRetries(c *check) {
	id, key := c.retry("retryActivity", retryInput{
		GoodAttempt: 99, Word: "fatal", Policy: policy{Attempts: 5, First: time.Millisecond}})
	c.failsWith(id, awaitedType, "task failed with an error: fatal attempt 1")
	c.equal(retryRuns.of(key), 1, "attempts")
}

func retriesEndWithTime(c *check) {
	id, key := c.retry("retryActivity", retryInput{GoodAttempt: 99, Word: "slow", Policy: policy{
		Attempts: 99, First: time.Second, Timeout: 2500 * time.Millisecond}})
	c.ended(id, api.RUNTIME_STATUS_FAILED)
	runs := retryRuns.of(key)
	if runs < 2 || runs > 4 {
		c.fail("%d attempts with 1 s between them in 2.5 s", runs)
	}
	c.failsWith(id, awaitedType, fmt.Sprintf("task failed with an error: slow attempt %d", runs))
}

func childRetriedSameID(c *check) {
	child := freshID("flaky")
	id, key := c.retry("retryChild", retryInput{
		GoodAttempt: 3, ChildID: string(child), Policy: policy{Attempts: 5, First: time.Millisecond}})
	c.gives(id, child)
	c.equal(retryRuns.of(key), 3, "attempts")
	c.gives(child, child)
}

func childRetriedDerivedIDs(c *check) {
	id, key := c.retry("retryChild", retryInput{
		GoodAttempt: 3, Word: "bad", Policy: policy{Attempts: 5, First: time.Millisecond}})
	// Each attempt is an action of its own, with a timer before the next.
	c.gives(id, id+":0004")
	c.equal(retryRuns.of(key), 3, "attempts")
	c.failsWith(id+":0000", awaitedType, "task failed with an error: bad attempt 1")
	c.failsWith(id+":0002", awaitedType, "task failed with an error: bad attempt 2")
}

func retriesGoOn(c *check) {
	id, key := c.retry("retryActivity", retryInput{
		GoodAttempt: 4, Policy: policy{Attempts: 20, First: 600 * time.Millisecond}})
	child, childKey := c.retry("retryChild", retryInput{
		GoodAttempt: 4, Policy: policy{Attempts: 20, First: 600 * time.Millisecond}})
	c.until(func() bool { return retryRuns.of(key) > 0 && retryRuns.of(childKey) > 0 }, "first attempts")
	c.inFlight()
	var run int
	c.output(id, &run)
	// An attempt whose result did not arrive runs again.
	if run < 4 {
		c.fail("attempt %d succeeded", run)
	}
	var childID string
	c.output(child, &childID)
	c.contains(childID, string(child)+":")
}
