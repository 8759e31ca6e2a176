package main

// Scheduled starts, and starts that no worker is there for.

import (
	"time"

	"github.com/microsoft/durabletask-go/api"
	"github.com/microsoft/durabletask-go/task"
)

func starts(b *book) {
	b.orchestrator("tellTime", tellTime)
	b.first(scheduledStart, "scheduled_start_waits_for_its_time", startWaitsForTime)
	b.first(scheduledStart, "start_time_in_the_past_is_now", startTimeInPast)
	b.second(scheduledStart, "starts_due_while_the_server_is_away", startsDueAway)
	b.second(staysPending, "without_a_worker_it_stays_pending", pendingWithoutWorker)
}

// tellTime gives the time of its first turn.
func tellTime(ctx *task.OrchestrationContext) (any, error) {
	return ctx.CurrentTimeUtc, nil
}

// startsAt waits for the end of tellTime, which must not have begun before its time.
func (c *check) startsAt(id api.InstanceID, due time.Time) (late time.Duration) {
	var firstTurn time.Time
	c.output(id, &firstTurn)
	c.atLeast(firstTurn.Sub(due), 0, "from the time of the start to the first turn")
	return firstTurn.Sub(due)
}

// pendingBefore says that the instance is pending; on a slow machine its time may have come.
func (c *check) pendingBefore(due time.Time, id api.InstanceID) {
	if state := c.look(id); time.Now().Before(due) {
		c.equal(state.RuntimeStatus, api.RUNTIME_STATUS_PENDING, "status before its time")
	}
}

func startWaitsForTime(c *check) {
	due := time.Now().Add(1500 * time.Millisecond)
	id := c.start("tellTime", nil, api.WithStartTime(due))
	c.pendingBefore(due, id)
	c.below(c.startsAt(id, due), late, "delay of a scheduled start")
}

func startTimeInPast(c *check) {
	began := time.Now()
	id := c.start("tellTime", nil, api.WithStartTime(began.Add(-time.Hour)))
	c.below(c.startsAt(id, began.Add(-time.Hour)), time.Hour+late, "delay of a start in the past")
	c.below(time.Since(began), late, "a start in the past")
}

func startsDueAway(c *check) {
	dues := map[api.InstanceID]time.Time{}
	began := time.Now()
	for number := range 8 {
		due := began.Add(time.Second + time.Duration(number)*stride*5)
		dues[c.start("tellTime", nil, api.WithStartTime(due))] = due
	}
	c.inFlight()
	for range 8 {
		due := time.Now().Add(5 * stride)
		dues[c.start("tellTime", nil, api.WithStartTime(due))] = due
		time.Sleep(stride)
	}
	for id, due := range dues {
		c.startsAt(id, due)
	}
}

func pendingWithoutWorker(c *check) {
	alone := c.at("nobody")
	id := alone.start("waitForGo", nil)
	alone.inFlight()
	alone.raise(id, "Go", "patience")
	alone.staysOpen(id, stillness)
	alone.isStatus(id, api.RUNTIME_STATUS_PENDING, "without a worker")
	tasks := newBook()
	tasks.orchestrator("waitForGo", waitForGo)
	alone.work(tasks.tasks)
	alone.gives(id, "patience")
}
