package main

// What fails, and how much of it the orchestration and the caller are told.

import (
	"errors"
	"fmt"
	"time"

	"github.com/microsoft/durabletask-go/api"
	"github.com/microsoft/durabletask-go/task"
)

func failures(b *book) {
	b.orchestrator("callBroken", callBroken)
	b.orchestrator("compensate", compensate)
	b.orchestrator("breakDown", breakDown)
	b.orchestrator("callMissingActivity", callMissingActivity)
	b.activity("broken", broken)
	b.activity("refund", refund)
	b.first(failuresInside, "activity_failure_is_caught_and_compensated", failureIsCompensated)
	b.first(failuresInside, "uncaught_activity_failure_fails_the_instance", uncaughtFailure)
	b.first(failuresInside, "failure_of_an_orchestrator_keeps_its_type", orchestratorFailure)
	b.first(failuresInside, "panic_of_an_activity_is_a_failure", panicIsFailure)
	b.first(failuresInside, "unregistered_names_fail", unregisteredNames)
	b.second(failuresInside, "failure_after_the_server_was_away", failureAfterwards)
	b.absent(failuresInside, "inner_errors_and_stack_traces",
		"the Go worker reports an error's type and text only: no inner failures, no stack traces")
}

// orderLost is an error of a type of its own.
type orderLost struct {
	order string
}

func (e *orderLost) Error() string {
	return fmt.Sprintf("order %s is lost", e.order)
}

var errDisk = errors.New("the disk is full")

func broken(ctx task.ActivityContext) (any, error) {
	var how string
	if err := ctx.GetInput(&how); err != nil {
		return nil, err
	}
	switch how {
	case "panic":
		panic("out of paper")
	case "wrapped":
		return nil, fmt.Errorf("cannot keep the order: %w", errDisk)
	default:
		return nil, &orderLost{how}
	}
}

func refund(ctx task.ActivityContext) (any, error) {
	var reason string
	err := ctx.GetInput(&reason)
	return "refunded because: " + reason, err
}

func callBroken(ctx *task.OrchestrationContext) (any, error) {
	var how string
	if err := ctx.GetInput(&how); err != nil {
		return nil, err
	}
	return nil, ctx.CallActivity(named("broken"), task.WithActivityInput(how)).Await(nil)
}

func compensate(ctx *task.OrchestrationContext) (any, error) {
	failed := ctx.CallActivity(named("broken"), task.WithActivityInput("wrapped")).Await(nil)
	if failed == nil {
		return nil, errors.New("the activity did not fail")
	}
	var receipt string
	err := ctx.CallActivity(named("refund"), task.WithActivityInput(failed.Error())).Await(&receipt)
	return receipt, err
}

func breakDown(ctx *task.OrchestrationContext) (any, error) {
	var order string
	if err := ctx.GetInput(&order); err != nil {
		return nil, err
	}
	if err := ctx.CreateTimer(300 * time.Millisecond).Await(nil); err != nil {
		return nil, err
	}
	return "never seen", &orderLost{order}
}

func callMissingActivity(ctx *task.OrchestrationContext) (any, error) {
	return nil, ctx.CallActivity(named("missingActivity")).Await(nil)
}

func failureIsCompensated(c *check) {
	id := c.start("compensate", nil)
	c.gives(id, "refunded because: task failed with an error: cannot keep the order: the disk is full")
	if found := c.failureOf(id); found != nil {
		c.fail("a completed instance has a failure: %+v", found)
	}
}

// failsWith waits for the failure, which must be exactly this one.
func (c *check) failsWith(id api.InstanceID, errorType, message string) {
	state := c.ended(id, api.RUNTIME_STATUS_FAILED)
	c.equal(state.SerializedOutput, "", "output of a failed instance")
	c.equal(c.failureOf(id), &details{ErrorType: errorType, ErrorMessage: message}, "failure")
}

// awaitedType is the type of every error that the client makes from a failed task.
const awaitedType = "*errors.errorString"

func uncaughtFailure(c *check) {
	// Awaiting formats the text anew, so the type of the activity's error is gone.
	c.failsWith(c.start("callBroken", "A-17"), awaitedType,
		"task failed with an error: order A-17 is lost")
	c.failsWith(c.start("callBroken", "wrapped"), awaitedType,
		"task failed with an error: cannot keep the order: the disk is full")
}

func orchestratorFailure(c *check) {
	c.failsWith(c.start("breakDown", "ß→8"), "*main.orderLost", "order ß→8 is lost")
}

func panicIsFailure(c *check) {
	c.failsWith(c.start("callBroken", "panic"), awaitedType,
		"task failed with an error: panic: out of paper")
}

func unregisteredNames(c *check) {
	c.failsWith(c.start("callMissingActivity", nil), awaitedType, fmt.Sprintf(
		"task failed with an error: no task activity named '%s' was registered", named("missingActivity")))
	c.failsWith(c.start("missingOrchestrator", nil), awaitedType, fmt.Sprintf(
		"orchestrator named '%s' is not registered", named("missingOrchestrator")))
}

func failureAfterwards(c *check) {
	id := c.start("breakDown", "B-2")
	c.inFlight()
	c.failsWith(id, "*main.orderLost", "order B-2 is lost")
	c.failsWith(c.start("callBroken", "C-3"), awaitedType, "task failed with an error: order C-3 is lost")
}
