package main

// External events: before the start, many of one name, names in any case.

import (
	"fmt"
	"strings"
	"time"

	"github.com/microsoft/durabletask-go/api"
	"github.com/microsoft/durabletask-go/task"
	"google.golang.org/grpc/codes"
)

const eventCount = 10

func events(b *book) {
	b.orchestrator("collect", collect)
	b.orchestrator("collectAtOnce", collectAtOnce)
	b.orchestrator("collectDistinct", collectDistinct)
	b.first(eventsBeforeStart, "events_before_a_scheduled_start", eventsBeforeScheduledStart)
	b.first(eventsBeforeStart, "events_right_after_the_start_call", eventsRightAfterStart)
	b.second(eventsBeforeStart, "events_before_a_start_while_the_server_is_away", eventsBeforeStartAway)
	b.first(tenEvents, "ten_events_one_after_the_other", tenEventsInTurn)
	b.first(tenEvents, "ten_events_for_ten_open_waits", tenEventsAtOnce)
	b.first(tenEvents, "ten_events_of_each_of_two_names", tenEventsOfTwoNames)
	b.second(tenEvents, "ten_events_while_the_server_is_away", tenEventsAway)
	b.first(eventNameCase, "event_names_match_in_any_case", eventNamesInAnyCase)
	b.second(eventNameCase, "waits_of_one_name_in_different_case", waitsInDifferentCase)
	b.first(eventsBeforeStart, "events_for_the_unknown_and_the_ended", eventsForNobody)
}

// collect awaits one event after the other, by name.
func collect(ctx *task.OrchestrationContext) (any, error) {
	var names []string
	if err := ctx.GetInput(&names); err != nil {
		return nil, err
	}
	payloads := make([]any, len(names))
	for index, name := range names {
		if err := ctx.WaitForSingleEvent(name, -1).Await(&payloads[index]); err != nil {
			return nil, err
		}
	}
	return payloads, nil
}

// collectAtOnce opens all waits before it awaits the first.
func collectAtOnce(ctx *task.OrchestrationContext) (any, error) {
	var names []string
	if err := ctx.GetInput(&names); err != nil {
		return nil, err
	}
	var waits []task.Task
	for _, name := range names {
		waits = append(waits, ctx.WaitForSingleEvent(name, -1))
	}
	payloads := make([]any, len(names))
	for index, wait := range waits {
		if err := wait.Await(&payloads[index]); err != nil {
			return nil, err
		}
	}
	return payloads, nil
}

// collectDistinct awaits the numbers below its input; a raise that was repeated counts once.
func collectDistinct(ctx *task.OrchestrationContext) (any, error) {
	var count int
	if err := ctx.GetInput(&count); err != nil {
		return nil, err
	}
	var seen []int
	for len(seen) < count {
		var number int
		if err := ctx.WaitForSingleEvent("Item", -1).Await(&number); err != nil {
			return nil, err
		}
		if len(seen) == 0 || seen[len(seen)-1] != number {
			seen = append(seen, number)
		}
	}
	return seen, nil
}

func repeat(name string, count int) []string {
	return strings.Split(strings.Repeat(name+" ", count-1)+name, " ")
}

func numbers(count int) []int {
	all := make([]int, count)
	for number := range all {
		all[number] = number
	}
	return all
}

func (c *check) raiseNumbers(id api.InstanceID, name string, count int) {
	for number := range count {
		c.raise(id, name, number)
	}
}

func eventsBeforeScheduledStart(c *check) {
	due := time.Now().Add(1500 * time.Millisecond)
	id := c.start("collect", repeat("Item", eventCount), api.WithStartTime(due))
	c.raiseNumbers(id, "Item", eventCount)
	c.pendingBefore(due, id)
	c.gives(id, numbers(eventCount))
}

func eventsRightAfterStart(c *check) {
	id := c.start("collect", []string{"Item", "Item", "Last", "Item"})
	c.raise(id, "Last", nil)
	c.raiseNumbers(id, "Item", 3)
	c.gives(id, []any{0, 1, nil, 2})
}

func eventsBeforeStartAway(c *check) {
	id := c.start("collectDistinct", eventCount, api.WithStartTime(time.Now().Add(6*time.Second)))
	const early = 4
	c.raiseNumbers(id, "Item", early)
	c.inFlight()
	for number := early; number < eventCount; number++ {
		c.raise(id, "Item", number)
		time.Sleep(stride)
	}
	c.gives(id, numbers(eventCount))
}

func tenEventsInTurn(c *check) {
	id := c.start("collect", repeat("Item", eventCount))
	c.running(id)
	c.raiseNumbers(id, "Item", eventCount)
	c.gives(id, numbers(eventCount))
}

func tenEventsAtOnce(c *check) {
	id := c.start("collectAtOnce", repeat("Item", eventCount))
	c.running(id)
	c.raiseNumbers(id, "Item", eventCount)
	c.gives(id, numbers(eventCount))
}

func tenEventsOfTwoNames(c *check) {
	id := c.start("collect", append(repeat("B", eventCount), repeat("A", eventCount)...))
	for number := range eventCount {
		c.raise(id, "A", fmt.Sprint("a", number))
		c.raise(id, "B", fmt.Sprint("b", number))
	}
	var expected []string
	for _, name := range []string{"b", "a"} {
		for number := range eventCount {
			expected = append(expected, fmt.Sprint(name, number))
		}
	}
	c.gives(id, expected)
}

func tenEventsAway(c *check) {
	id := c.start("collectDistinct", eventCount)
	c.running(id)
	c.raise(id, "Item", 0)
	c.inFlight()
	for number := 1; number < eventCount; number++ {
		c.raise(id, "Item", number)
		time.Sleep(stride)
	}
	c.gives(id, numbers(eventCount))
}

func eventNamesInAnyCase(c *check) {
	id := c.start("collect", []string{"Approval", "approval", "APPROVAL", "Größe"})
	c.raise(id, "aPPROVAL", 1)
	c.running(id)
	c.raise(id, "APPROVAL", 2)
	c.raise(id, "approval", 3)
	c.raise(id, "GRÖßE", 4)
	c.gives(id, []int{1, 2, 3, 4})
}

func waitsInDifferentCase(c *check) {
	id := c.start("collectAtOnce", []string{"approval", "REJECTION"})
	c.running(id)
	c.inFlight()
	c.raise(id, "Rejection", "no")
	c.raise(id, "APPROVAL", "yes")
	c.gives(id, []string{"yes", "no"})
}

func eventsForNobody(c *check) {
	c.refused(c.tryRaise(freshID("missing"), "Item", 1), codes.NotFound)
	id := c.start("collect", []string{})
	before := c.gives(id, []any{})
	c.raise(id, "Item", "too late")
	c.equal(c.look(id), before, "state after an event for an ended instance")
}
