package main

// Several workers of one hub: they share the work, leave, and are killed.

import (
	"fmt"
	"time"

	"github.com/microsoft/durabletask-go/api"
	"github.com/microsoft/durabletask-go/task"
)

func workers(b *book) {
	b.first(workSplit, "two_workers_share_activities", twoWorkersShare)
	b.second(workSplit, "one_of_two_workers_leaves", oneWorkerLeaves)
	b.first(workerKilled, "killed_while_it_holds_activities", killedWithActivities)
	b.second(workerKilled, "killed_while_it_holds_a_turn", killedWithTurn)
}

const (
	sharedActivities = 60
	stepsOfTen       = 10
)

// namedWorker is what a worker knows whose activities say who ran them.
func namedWorker(name string, runs *tally) *task.TaskRegistry {
	b := newBook()
	b.activity("tellWorker", func(ctx task.ActivityContext) (any, error) {
		var number int
		err := ctx.GetInput(&number)
		runs.next(fmt.Sprint(number))
		time.Sleep(stride)
		return name, err
	})
	b.orchestrator("askWorkers", askWorkers)
	return b.tasks
}

// askWorkers gives for each activity which worker ran it.
func askWorkers(ctx *task.OrchestrationContext) (any, error) {
	var open []task.Task
	for number := range sharedActivities {
		open = append(open, ctx.CallActivity(named("tellWorker"), task.WithActivityInput(number)))
	}
	names := make([]string, len(open))
	for index, one := range open {
		if err := one.Await(&names[index]); err != nil {
			return nil, err
		}
	}
	return names, nil
}

func twoWorkersShare(c *check) {
	c = c.at("share")
	var runs tally
	c.work(namedWorker("left", &runs))
	c.work(namedWorker("right", &runs))
	var names []string
	c.output(c.start("askWorkers", nil), &names)
	shares := map[string]int{}
	for number, name := range names {
		shares[name]++
		c.equal(runs.of(fmt.Sprint(number)), 1, fmt.Sprint("runs of activity ", number))
	}
	c.equal(shares["left"]+shares["right"], sharedActivities, "activities of the two workers")
	if shares["left"] < sharedActivities/4 || shares["right"] < sharedActivities/4 {
		c.fail("one worker did nearly all: %v", shares)
	}
}

func oneWorkerLeaves(c *check) {
	c = c.at("leave")
	var runs tally
	leave := c.work(namedWorker("leaving", &runs))
	c.work(namedWorker("staying", &runs))
	var ids []api.InstanceID
	for range 4 {
		ids = append(ids, c.start("askWorkers", nil))
	}
	c.until(func() bool { return runs.of("0") > 0 }, "the first activity runs")
	c.inFlight()
	leave()
	for _, id := range ids {
		var names []string
		c.output(id, &names)
		for _, name := range names {
			if name != "leaving" && name != "staying" {
				c.fail("%q ran an activity", name)
			}
		}
	}
}

// workMeter is told what a worker runs, and whether the process that will be killed must hold it.
type workMeter func(what string, held bool)

// tenStepsWorker knows an instance of ten activities, of which the odd ones are held, and one
// that is held in the middle of its second turn.
func tenStepsWorker(meet workMeter) *task.TaskRegistry {
	b := newBook()
	b.activity("step", func(ctx task.ActivityContext) (any, error) {
		var number int
		err := ctx.GetInput(&number)
		meet(fmt.Sprint("step ", number), number%2 == 1)
		return number, err
	})
	b.orchestrator("tenSteps", tenSteps)
	b.orchestrator("twoTurns", func(ctx *task.OrchestrationContext) (any, error) {
		var first, second int
		if err := ctx.CallActivity(named("step"), task.WithActivityInput(2)).Await(&first); err != nil {
			return nil, err
		}
		meet("turn", true)
		err := ctx.CallActivity(named("step"), task.WithActivityInput(4)).Await(&second)
		return first + second, err
	})
	return b.tasks
}

// tenSteps says when the even ones are done, and waits for the odd ones.
func tenSteps(ctx *task.OrchestrationContext) (any, error) {
	var open [stepsOfTen]task.Task
	for number := range open {
		open[number] = ctx.CallActivity(named("step"), task.WithActivityInput(number))
	}
	var results [stepsOfTen]int
	for _, remainder := range []int{0, 1} {
		for number := remainder; number < stepsOfTen; number += 2 {
			if err := open[number].Await(&results[number]); err != nil {
				return nil, err
			}
		}
		ctx.SetCustomStatus("half of the steps")
	}
	return results, nil
}

func killedWithActivities(c *check) {
	c = c.at("killed-activities")
	worker := c.startWorkerProcess()
	id := c.start("tenSteps", nil)
	for number := 1; number < stepsOfTen; number += 2 {
		worker.holds(c, fmt.Sprint("step ", number))
	}
	c.until(func() bool { return c.look(id).SerializedCustomStatus == "half of the steps" }, "even steps are done")
	worker.kill()

	var repeated tally
	c.work(tenStepsWorker(func(what string, _ bool) { repeated.next(what) }))
	c.gives(id, numbers(stepsOfTen))
	for number := range stepsOfTen {
		step := fmt.Sprint("step ", number)
		c.equal(repeated.of(step), number%2, "runs of "+step+" on the second worker")
	}
}

func killedWithTurn(c *check) {
	c = c.at("killed-turn")
	worker := c.startWorkerProcess()
	id := c.start("twoTurns", nil)
	worker.holds(c, "turn")
	c.inFlight()
	worker.kill()
	var taken tally
	c.work(tenStepsWorker(func(what string, _ bool) { taken.next(what) }))
	c.gives(id, 6)
	if taken.of("turn") == 0 {
		c.fail("the second worker did not take the turn over")
	}
}
