package main

// Payloads of about a megabyte, which must come back byte for byte.

import (
	"encoding/json"
	"strings"

	"github.com/microsoft/durabletask-go/api"
	"github.com/microsoft/durabletask-go/task"
)

func payloads(b *book) {
	b.orchestrator("passThrough", passThrough)
	b.orchestrator("carryLoad", carryLoad)
	b.orchestrator("threeLoads", threeLoads)
	b.orchestrator("failLoudly", failLoudly)
	b.activity("passOn", passOn)
	b.activity("makeLoad", makeLoad)
	b.first(largePayloads, "large_input_and_output", largeInputAndOutput)
	b.first(largePayloads, "large_input_of_the_next_generation", largeNextGeneration)
	b.first(largePayloads, "large_custom_status_and_failure", largeStatusAndFailure)
	b.second(largePayloads, "large_activity_input_and_result", largeActivity)
	b.second(largePayloads, "large_child_input_and_result", largeChild)
	b.second(largePayloads, "three_large_results", threeLargeResults)
	b.second(largePayloads, "large_events", largeEvents)
	b.second(largePayloads, "large_output_of_terminate", largeTerminate)
	b.absent(largePayloads, "payload_store",
		"the Go module has no large payload extension; payloads above its message limit have no way")
}

const megabyte = 1 << 20

// load is about a megabyte that differs by its mark and is not all of one byte a character.
func load(mark string) string {
	const piece = "päyload→\"\\\n "
	return mark + strings.Repeat(piece, (megabyte-megabyte/4)/len(piece))
}

func loadText(mark string) string {
	text, err := json.Marshal(load(mark))
	if err != nil {
		panic(err)
	}
	return string(text)
}

func passOn(ctx task.ActivityContext) (any, error) {
	var text string
	err := ctx.GetInput(&text)
	return text, err
}

func makeLoad(ctx task.ActivityContext) (any, error) {
	var mark string
	err := ctx.GetInput(&mark)
	return load(mark), err
}

// passThrough sends its input through an activity.
func passThrough(ctx *task.OrchestrationContext) (any, error) {
	var mark, text string
	if err := ctx.GetInput(&mark); err != nil {
		return nil, err
	}
	err := ctx.CallActivity(named("passOn"), task.WithActivityInput(load(mark))).Await(&text)
	return text, err
}

func carryLoad(ctx *task.OrchestrationContext) (any, error) {
	var text string
	if err := ctx.GetInput(&text); err != nil {
		return nil, err
	}
	if len(text) < 100 {
		ctx.ContinueAsNew(load(text))
		return nil, nil
	}
	ctx.SetCustomStatus(text)
	return "carried", nil
}

func threeLoads(ctx *task.OrchestrationContext) (any, error) {
	var open []task.Task
	for _, mark := range []string{"a", "b", "c"} {
		open = append(open, ctx.CallActivity(named("makeLoad"), task.WithActivityInput(mark)))
	}
	var all strings.Builder
	for _, one := range open {
		var text string
		if err := one.Await(&text); err != nil {
			return nil, err
		}
		all.WriteString(text)
	}
	return all.String(), nil
}

func failLoudly(ctx *task.OrchestrationContext) (any, error) {
	return nil, &orderLost{load("lost")}
}

// same compares without a megabyte in the report.
func (c *check) same(actual, expected, what string) {
	if actual == expected {
		return
	}
	at := 0
	for at < min(len(actual), len(expected)) && actual[at] == expected[at] {
		at++
	}
	c.fail("%s: %d bytes instead of %d, different from byte %d", what, len(actual), len(expected), at)
}

func largeInputAndOutput(c *check) {
	id := c.start("giveBack", load("both"))
	state := c.ended(id, api.RUNTIME_STATUS_COMPLETED)
	c.same(state.SerializedInput, loadText("both"), "input")
	c.same(state.SerializedOutput, loadText("both"), "output")
}

func largeNextGeneration(c *check) {
	id := c.start("carryLoad", "next")
	state := c.gives(id, "carried")
	c.same(state.SerializedInput, loadText("next"), "input of the last generation")
}

func largeStatusAndFailure(c *check) {
	id := c.start("carryLoad", "status")
	c.same(c.gives(id, "carried").SerializedCustomStatus, load("status"), "custom status")
	loud := c.start("failLoudly", nil)
	c.ended(loud, api.RUNTIME_STATUS_FAILED)
	c.same(c.failureOf(loud).ErrorMessage, (&orderLost{load("lost")}).Error(), "text of the failure")
}

func largeActivity(c *check) {
	before := c.start("passThrough", "before")
	c.inFlight()
	after := c.start("passThrough", "after")
	c.same(c.ended(before, api.RUNTIME_STATUS_COMPLETED).SerializedOutput, loadText("before"), "result")
	c.same(c.ended(after, api.RUNTIME_STATUS_COMPLETED).SerializedOutput, loadText("after"), "result")
}

func largeChild(c *check) {
	child := freshID("load")
	c.inFlight()
	id := c.start("callChild", childInput{ID: string(child), Child: "giveBack", Value: load("child")})
	c.same(c.ended(id, api.RUNTIME_STATUS_COMPLETED).SerializedOutput, loadText("child"), "result")
	c.same(c.ended(child, api.RUNTIME_STATUS_COMPLETED).SerializedInput, loadText("child"), "input of the child")
}

func threeLargeResults(c *check) {
	c.inFlight()
	var text string
	c.output(c.start("threeLoads", nil), &text)
	c.same(text, load("a")+load("b")+load("c"), "three results")
}

func largeEvents(c *check) {
	id := c.start("collectAtOnce", []string{"First", "Second"})
	c.running(id)
	c.raise(id, "First", load("first"))
	c.inFlight()
	c.raise(id, "Second", load("second"))
	var texts []string
	c.output(id, &texts)
	c.equal(len(texts), 2, "events")
	c.same(texts[0], load("first"), "first event")
	c.same(texts[1], load("second"), "second event")
}

func largeTerminate(c *check) {
	first := c.waiting()
	c.inFlight()
	c.terminate(first.InstanceID, api.WithOutput(load("end")))
	state := c.ended(first.InstanceID, api.RUNTIME_STATUS_TERMINATED)
	c.same(state.SerializedOutput, loadText("end"), "output")
}
