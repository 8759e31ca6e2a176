package main

// Durable timers: never early, soon after they are due, and against events.

import (
	"errors"
	"time"

	"github.com/microsoft/durabletask-go/api"
	"github.com/microsoft/durabletask-go/task"
)

// A timer may be late by the machine's load, never by anyone's polling.
const late = 5 * time.Second

func timers(b *book) {
	b.orchestrator("sleepFor", sleepFor)
	b.orchestrator("sleepTogether", sleepTogether)
	b.orchestrator("eventOrTimeout", eventOrTimeout)
	b.orchestrator("outliveTimer", outliveTimer)
	b.orchestrator("peekAtEvent", peekAtEvent)
	b.first(durableTimers, "timer_is_never_early_and_not_late", timerNeverEarly)
	b.first(durableTimers, "timers_in_any_order", timersInAnyOrder)
	b.first(durableTimers, "many_timers_with_one_due_time", manyTimers)
	b.first(durableTimers, "timer_in_the_past_fires_at_once", timerInThePast)
	b.second(durableTimers, "timers_due_while_the_server_is_away", timersDueMeanwhile)
	b.first(whenAny, "timeout_beats_its_event", timeoutBeatsEvent)
	b.first(whenAny, "timeout_of_zero_takes_what_is_there", timeoutOfZero)
	b.second(whenAny, "event_beats_its_timeout", eventBeatsTimeout)
	b.second(whenAny, "timer_of_a_decided_race_changes_nothing", timerAfterRace)
	b.absent(whenAny, "when_any_over_tasks",
		"the Go client has no when_any and cannot cancel a timer; an event with a timeout is all")
}

// sleepFor gives by how many milliseconds its time went on.
func sleepFor(ctx *task.OrchestrationContext) (any, error) {
	var milliseconds int
	if err := ctx.GetInput(&milliseconds); err != nil {
		return nil, err
	}
	before := ctx.CurrentTimeUtc
	err := ctx.CreateTimer(time.Duration(milliseconds) * time.Millisecond).Await(nil)
	return ctx.CurrentTimeUtc.Sub(before).Milliseconds(), err
}

// sleepTogether opens all timers at once and gives its time after each.
func sleepTogether(ctx *task.OrchestrationContext) (any, error) {
	var milliseconds []int
	if err := ctx.GetInput(&milliseconds); err != nil {
		return nil, err
	}
	before := ctx.CurrentTimeUtc
	var open []task.Task
	for _, length := range milliseconds {
		open = append(open, ctx.CreateTimer(time.Duration(length)*time.Millisecond))
	}
	var times []int64
	for _, timer := range open {
		if err := timer.Await(nil); err != nil {
			return nil, err
		}
		times = append(times, ctx.CurrentTimeUtc.Sub(before).Milliseconds())
	}
	return times, nil
}

// eventOrTimeout gives the event's payload, or says that there was none in time.
func eventOrTimeout(ctx *task.OrchestrationContext) (any, error) {
	var milliseconds int
	if err := ctx.GetInput(&milliseconds); err != nil {
		return nil, err
	}
	var payload string
	err := ctx.WaitForSingleEvent("Approval", time.Duration(milliseconds)*time.Millisecond).Await(&payload)
	if errors.Is(err, task.ErrTaskCanceled) {
		return "timed out", nil
	}
	return payload, err
}

// outliveTimer goes on until the timer of its first wait has fired unheard.
func outliveTimer(ctx *task.OrchestrationContext) (any, error) {
	var words [2]string
	if err := ctx.WaitForSingleEvent("Approval", 2*time.Second).Await(&words[0]); err != nil {
		return nil, err
	}
	if err := ctx.CreateTimer(2500 * time.Millisecond).Await(nil); err != nil {
		return nil, err
	}
	err := ctx.WaitForSingleEvent("End", -1).Await(&words[1])
	return words, err
}

// peekAtEvent looks for an event without waiting, before and after it arrived.
func peekAtEvent(ctx *task.OrchestrationContext) (any, error) {
	before := ctx.WaitForSingleEvent("Approval", 0).Await(nil)
	if !errors.Is(before, task.ErrTaskCanceled) {
		return "there was an event before the first turn", before
	}
	if err := ctx.WaitForSingleEvent("Look", -1).Await(nil); err != nil {
		return nil, err
	}
	var payload string
	err := ctx.WaitForSingleEvent("approval", 0).Await(&payload)
	return payload, err
}

func timerNeverEarly(c *check) {
	began := time.Now()
	state := c.ended(c.start("sleepFor", 1000), api.RUNTIME_STATUS_COMPLETED)
	waited := time.Since(began)
	c.atLeast(waited, time.Second, "a timer of 1 s")
	c.below(waited, time.Second+late, "a timer of 1 s")
	c.atLeast(state.LastUpdatedAt.Sub(state.CreatedAt), time.Second, "from created to last updated")
	var passed int64
	c.output(state.InstanceID, &passed)
	c.atLeast(time.Duration(passed)*time.Millisecond, time.Second, "the orchestration's time")
}

func timersInAnyOrder(c *check) {
	lengths := []int{900, 100, 500}
	began := time.Now()
	var times []int64
	c.output(c.start("sleepTogether", lengths), &times)
	c.below(time.Since(began), time.Second+late, "three timers together")
	// The first to be awaited is the last to fire.
	c.equal(times, []int64{times[0], times[0], times[0]}, "times after each timer")
	c.atLeast(time.Duration(times[0])*time.Millisecond, 900*time.Millisecond, "the orchestration's time")
}

func manyTimers(c *check) {
	lengths := make([]int, 100)
	for index := range lengths {
		lengths[index] = 500
	}
	var times []int64
	c.output(c.start("sleepTogether", lengths), &times)
	c.equal(len(times), len(lengths), "timers")
	for _, after := range times {
		c.atLeast(time.Duration(after)*time.Millisecond, 500*time.Millisecond, "a timer of 0.5 s")
	}
}

func timerInThePast(c *check) {
	for _, milliseconds := range []int{0, -5000} {
		began := time.Now()
		c.ended(c.start("sleepFor", milliseconds), api.RUNTIME_STATUS_COMPLETED)
		c.below(time.Since(began), late, "a timer that was due")
	}
}

func timersDueMeanwhile(c *check) {
	var ids []api.InstanceID
	const count, step = 10, 500
	for number := range count {
		ids = append(ids, c.start("sleepFor", (number+1)*step))
	}
	for _, id := range ids {
		c.running(id)
	}
	c.inFlight()
	for number, id := range ids {
		var passed int64
		state := c.output(id, &passed)
		due := time.Duration((number+1)*step) * time.Millisecond
		c.atLeast(time.Duration(passed)*time.Millisecond, due, "the orchestration's time")
		c.atLeast(state.LastUpdatedAt.Sub(state.CreatedAt), due, "from created to last updated")
	}
}

func timeoutBeatsEvent(c *check) {
	began := time.Now()
	id := c.start("eventOrTimeout", 300)
	c.gives(id, "timed out")
	c.atLeast(time.Since(began), 300*time.Millisecond, "a timeout of 0.3 s")
	c.below(time.Since(began), late, "a timeout of 0.3 s")
}

func timeoutOfZero(c *check) {
	id := c.start("peekAtEvent", nil)
	c.running(id)
	c.raise(id, "Approval", "seen")
	c.raise(id, "Look", nil)
	c.gives(id, "seen")
}

func eventBeatsTimeout(c *check) {
	id := c.start("eventOrTimeout", time.Hour.Milliseconds())
	c.running(id)
	c.inFlight()
	c.raise(id, "Approval", "by Ann")
	c.gives(id, "by Ann")
}

func timerAfterRace(c *check) {
	id := c.start("outliveTimer", nil)
	c.raise(id, "Approval", "yes")
	c.running(id)
	c.inFlight()
	c.raise(id, "End", "over")
	c.gives(id, []string{"yes", "over"})
}
