package main

// What every case uses: assertions, waiting, and the place where it is under way.

import (
	"context"
	"fmt"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/microsoft/durabletask-go/task"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	// Longer than any step needs on a busy machine, a restarted server included.
	stepLimit = 40 * time.Second

	// Between two questions of a poll; the condition decides, not the time.
	pollPause = 20 * time.Millisecond

	// Between two steps that must not all be over when the server goes.
	stride = 100 * time.Millisecond
)

// check is one running case.
type check struct {
	*hub
	ctx    context.Context
	arrive func()
	undo   *undoList
}

// failure is what a case panics with when an expectation is not met.
type failure string

// fail ends the case and names the line of the case that asked.
func (c *check) fail(format string, values ...any) {
	panic(failure(fmt.Sprintf(format, values...) + caseLine()))
}

func caseLine() string {
	var counters [32]uintptr
	frames := runtime.CallersFrames(counters[:runtime.Callers(3, counters[:])])
	for {
		frame, more := frames.Next()
		file := filepath.Base(frame.File)
		if file != "check.go" && file != "calls.go" && strings.HasPrefix(frame.Function, "main.") {
			return fmt.Sprintf(" (%s:%d)", file, frame.Line)
		}
		if !more {
			return ""
		}
	}
}

// inFlight says that the case is under way, and goes on when all are: from here on the server
// may be killed.
func (c *check) inFlight() {
	c.arrive()
	select {
	case <-halfway:
	case <-c.ctx.Done():
		c.fail("the other cases never got under way")
	}
}

// at is the same case on a task hub of its own.
func (c *check) at(suffix string) *check {
	h, err := connect(c.endpoint, c.hub.name+"-"+runID+"-"+suffix)
	c.must(err)
	c.undo.add(h.close)
	other := *c
	other.hub = h
	return &other
}

// work starts a worker on the hub, which the end of the case stops at the latest.
func (c *check) work(tasks *task.TaskRegistry) (stop func()) {
	c.must(c.repeated(func(context.Context, bool) (err error) {
		stop, err = listen(c.ctx, c.endpoint, c.hub.name, tasks)
		return err
	}))
	c.undo.add(stop)
	return stop
}

func (c *check) must(err error) {
	if err != nil {
		c.fail("%v", err)
	}
}

func (c *check) equal(actual, expected any, what string) {
	if !reflect.DeepEqual(actual, expected) {
		c.fail("%s: expected %s, got %s", what, brief(expected), brief(actual))
	}
}

// brief keeps a payload of a megabyte out of the report.
func brief(value any) string {
	text := fmt.Sprintf("%#v", value)
	if len(text) > 300 {
		return fmt.Sprintf("%s… (%d characters)", text[:300], len(text))
	}
	return text
}

func (c *check) contains(text string, parts ...string) {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			c.fail("%q is not in %q", part, text)
		}
	}
}

func (c *check) atLeast(actual, least time.Duration, what string) {
	if actual < least {
		c.fail("%s: %v is less than %v", what, actual, least)
	}
}

func (c *check) below(actual, limit time.Duration, what string) {
	if actual >= limit {
		c.fail("%s: %v is not below %v", what, actual, limit)
	}
}

// refused says that the server must have refused a call with this code and these words.
func (c *check) refused(err error, code codes.Code, words ...string) {
	if err == nil {
		c.fail("accepted, expected %v", code)
	}
	if status.Code(err) != code {
		c.fail("refused with %v, not %v: %v", status.Code(err), code, err)
	}
	c.contains(strings.ToLower(err.Error()), words...)
}

// until asks again and again until the answer is yes.
func (c *check) until(condition func() bool, what string) {
	deadline := time.Now().Add(stepLimit)
	for !condition() {
		if time.Now().After(deadline) || c.ctx.Err() != nil {
			c.fail("never happened: %s", what)
		}
		time.Sleep(pollPause)
	}
}

// undoList is what a case opened, in the order in which to close it.
type undoList struct {
	steps []func()
}

func (u *undoList) add(step func()) {
	u.steps = append(u.steps, step)
}

func (u *undoList) run() {
	for index := len(u.steps) - 1; index >= 0; index-- {
		u.steps[index]()
	}
}

// tally counts by key how often something ran, across the worker's goroutines.
type tally struct {
	mutex  sync.Mutex
	counts map[string]int
}

func (t *tally) next(key string) int {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.counts == nil {
		t.counts = map[string]int{}
	}
	t.counts[key]++
	return t.counts[key]
}

func (t *tally) of(key string) int {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.counts[key]
}
