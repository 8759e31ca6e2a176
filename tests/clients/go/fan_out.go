package main

// Many tasks at once, and results of many kinds.

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/microsoft/durabletask-go/api"
	"github.com/microsoft/durabletask-go/task"
)

const (
	manyActivities = 1000

	// Of the large fan-out, every fiftieth activity is busy when the server goes.
	heldEvery = 50
)

var (
	squareRuns tally
	heldRuns   tally
)

func fanOut(b *book) {
	b.orchestrator("squareAll", squareAll)
	b.orchestrator("failSome", failSome)
	b.orchestrator("collectValues", collectValues)
	b.orchestrator("giveBack", giveBack)
	b.orchestrator("mixKinds", mixKinds)
	b.activity("square", square)
	b.activity("heldSquare", heldSquare)
	b.activity("failOnThirds", failOnThirds)
	b.activity("giveValue", giveValue)
	b.first(fanOutOfThousand, "fan_out_of_1000_runs_each_activity_once", fanOutRunsEachOnce)
	b.first(fanOutOfThousand, "fan_out_with_failures", fanOutWithFailures)
	b.second(fanOutOfThousand, "fan_out_of_1000", fanOutOf1000)
	b.second(fanOutOfThousand, "fan_outs_started_one_after_another", fanOutsOneAfterAnother)
	b.first(heterogeneousResults, "results_of_every_json_kind", resultsOfEveryKind)
	b.first(heterogeneousResults, "inputs_byte_for_byte", inputsByteForByte)
	b.second(heterogeneousResults, "tasks_of_every_kind_together", tasksOfEveryKind)
}

type squareInput struct {
	Key    string
	Number int
}

type squareAllInput struct {
	Activity string
	Count    int
}

func square(ctx task.ActivityContext) (any, error) {
	var input squareInput
	if err := ctx.GetInput(&input); err != nil {
		return nil, err
	}
	squareRuns.next(fmt.Sprintf("%s/%d", input.Key, input.Number))
	return input.Number * input.Number, nil
}

func heldSquare(ctx task.ActivityContext) (any, error) {
	var input squareInput
	if err := ctx.GetInput(&input); err != nil {
		return nil, err
	}
	if input.Number%heldEvery == 0 {
		heldRuns.next(input.Key)
		<-halfway
		time.Sleep(time.Duration(input.Number) * time.Millisecond)
	}
	return input.Number * input.Number, nil
}

func squareAll(ctx *task.OrchestrationContext) (any, error) {
	var input squareAllInput
	if err := ctx.GetInput(&input); err != nil {
		return nil, err
	}
	tasks := make([]task.Task, input.Count)
	for number := range tasks {
		tasks[number] = ctx.CallActivity(named(input.Activity),
			task.WithActivityInput(squareInput{string(ctx.ID), number}))
	}
	results := make([]int, input.Count)
	for number, one := range tasks {
		if err := one.Await(&results[number]); err != nil {
			return nil, err
		}
	}
	return results, nil
}

func squares(count int) []int {
	results := make([]int, count)
	for number := range results {
		results[number] = number * number
	}
	return results
}

func fanOutRunsEachOnce(c *check) {
	id := c.start("squareAll", squareAllInput{"square", manyActivities})
	var results []int
	c.output(id, &results)
	c.equal(results, squares(manyActivities), "results in order")
	for number := range manyActivities {
		key := fmt.Sprintf("%s/%d", id, number)
		c.equal(squareRuns.of(key), 1, "runs of activity "+key)
	}
}

func fanOutOf1000(c *check) {
	id := c.start("squareAll", squareAllInput{"heldSquare", manyActivities})
	c.until(func() bool { return heldRuns.of(string(id)) == manyActivities/heldEvery },
		"the activities to be held are running")
	c.inFlight()
	var results []int
	c.output(id, &results)
	c.equal(results, squares(manyActivities), "results in order")
}

func fanOutsOneAfterAnother(c *check) {
	c.inFlight()
	var ids []api.InstanceID
	for range 15 {
		ids = append(ids, c.start("squareAll", squareAllInput{"square", 40}))
		time.Sleep(stride)
	}
	for _, id := range ids {
		c.gives(id, squares(40))
	}
}

func failOnThirds(ctx task.ActivityContext) (any, error) {
	var number int
	if err := ctx.GetInput(&number); err != nil {
		return nil, err
	}
	if number%3 == 0 {
		return nil, fmt.Errorf("%d is a multiple of three", number)
	}
	return number, nil
}

func failSome(ctx *task.OrchestrationContext) (any, error) {
	var tasks []task.Task
	for number := range 10 {
		tasks = append(tasks, ctx.CallActivity(named("failOnThirds"), task.WithActivityInput(number)))
	}
	var outcomes []string
	for _, one := range tasks {
		var number int
		if err := one.Await(&number); err != nil {
			outcomes = append(outcomes, err.Error())
		} else {
			outcomes = append(outcomes, fmt.Sprint(number))
		}
	}
	return outcomes, nil
}

func fanOutWithFailures(c *check) {
	id := c.start("failSome", nil)
	failed := func(number int) string {
		return fmt.Sprintf("task failed with an error: %d is a multiple of three", number)
	}
	c.gives(id, []string{
		failed(0), "1", "2", failed(3), "4", "5", failed(6), "7", "8", failed(9)})
}

type order struct {
	ID    string            `json:"id"`
	Lines []orderLine       `json:"lines"`
	Notes map[string]string `json:"notes"`
	Paid  *bool             `json:"paid"`
	At    time.Time         `json:"at"`
}

type orderLine struct {
	Count int     `json:"count"`
	Price float64 `json:"price"`
}

// values are results that are easily lost or changed on the way.
var values = []any{
	0, false, "", []int{}, map[string]int{}, nil, -1.5, int64(9007199254740993), true,
	"ünï→\u0000\n\"<&>\u2028", 1e300,
	order{
		ID:    "A-17",
		Lines: []orderLine{{2, 9.99}, {1, 0}},
		Notes: map[string]string{"gift": "да", "": "empty key"},
		At:    time.Date(2024, 2, 29, 23, 59, 59, 999999999, time.UTC),
	},
	[]any{nil, []any{[]any{}}, map[string]any{"a": nil}},
}

func giveValue(ctx task.ActivityContext) (any, error) {
	var index int
	if err := ctx.GetInput(&index); err != nil {
		return nil, err
	}
	return values[index], nil
}

// collectValues keeps each result as the text that came back.
func collectValues(ctx *task.OrchestrationContext) (any, error) {
	tasks := make([]task.Task, len(values))
	for index := range values {
		tasks[index] = ctx.CallActivity(named("giveValue"), task.WithActivityInput(index))
	}
	texts := make([]json.RawMessage, len(values))
	for index, one := range tasks {
		if err := one.Await(&texts[index]); err != nil {
			return nil, err
		}
	}
	return texts, nil
}

func resultsOfEveryKind(c *check) {
	c.gives(c.start("collectValues", nil), values)
}

// giveBack returns the text of its input.
func giveBack(ctx *task.OrchestrationContext) (any, error) {
	var text json.RawMessage
	if err := ctx.GetInput(&text); err != nil || text == nil {
		return nil, err
	}
	return text, nil
}

func inputsByteForByte(c *check) {
	texts := map[string]string{
		`0`: `0`, `false`: `false`, `""`: `""`, `null`: `null`, `[]`: `[]`, `-1.50`: `-1.50`,
		` { "a" : [ 1 , 2 ] } `: `{"a":[1,2]}`, `"ünï→\u0000"`: `"ünï→\u0000"`,
	}
	for text, compact := range texts {
		id := c.start("giveBack", nil, api.WithRawInput(text))
		state := c.ended(id, api.RUNTIME_STATUS_COMPLETED)
		c.equal(state.SerializedInput, text, "input")
		c.equal(state.SerializedOutput, compact, "output for "+text)
	}
	state := c.ended(c.start("giveBack", nil), api.RUNTIME_STATUS_COMPLETED)
	c.equal([]string{state.SerializedInput, state.SerializedOutput}, []string{"", ""}, "no input, no output")
}

// mixKinds awaits an activity, a child, a timer and an event that were all open at once.
func mixKinds(ctx *task.OrchestrationContext) (any, error) {
	number := ctx.CallActivity(named("square"), task.WithActivityInput(squareInput{"mix", 12}))
	object := ctx.CallSubOrchestrator(named("giveBack"),
		task.WithSubOrchestratorInput(map[string]string{"from": "child"}))
	timer := ctx.CreateTimer(500 * time.Millisecond)
	event := ctx.WaitForSingleEvent("Flag", -1)
	var results struct {
		Event  bool
		Number int
		Object map[string]string
	}
	for _, wait := range []error{
		event.Await(&results.Event), timer.Await(nil), object.Await(&results.Object), number.Await(&results.Number),
	} {
		if wait != nil {
			return nil, wait
		}
	}
	return []any{results.Number, results.Object, results.Event}, nil
}

func tasksOfEveryKind(c *check) {
	id := c.start("mixKinds", nil)
	c.running(id)
	c.inFlight()
	c.raise(id, "Flag", true)
	c.gives(id, []any{144, map[string]string{"from": "child"}, true})
}
