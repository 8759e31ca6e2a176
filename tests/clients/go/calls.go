package main

// The client's calls as cases make them: repeated while the server is away, failing the case
// when they fail.

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/microsoft/durabletask-go/api"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// repeated makes a call again while the server is away. From the second try on, an earlier one
// may have arrived.
func (c *check) repeated(call func(ctx context.Context, again bool) error) error {
	ctx, cancel := context.WithTimeout(c.ctx, stepLimit)
	defer cancel()
	for again := false; ; again = true {
		err := call(ctx, again)
		if status.Code(err) != codes.Unavailable || ctx.Err() != nil {
			return err
		}
		time.Sleep(pollPause)
	}
}

// start starts an instance under a fresh id; a nil input is none.
func (c *check) start(function string, input any, options ...api.NewOrchestrationOptions) api.InstanceID {
	id := freshID(function)
	c.startAs(id, function, input, options...)
	return id
}

func (c *check) startAs(id api.InstanceID, function string, input any, options ...api.NewOrchestrationOptions) {
	c.must(c.tryStart(id, function, input, options...))
}

// tryStart gives the server's refusal to the case.
func (c *check) tryStart(id api.InstanceID, function string, input any, options ...api.NewOrchestrationOptions) error {
	all := []api.NewOrchestrationOptions{api.WithInstanceID(id)}
	if input != nil {
		all = append(all, api.WithInput(input))
	}
	all = append(all, options...)
	return c.repeated(func(ctx context.Context, again bool) error {
		given, err := c.client.ScheduleNewOrchestration(ctx, named(function), all...)
		if again && status.Code(err) == codes.AlreadyExists {
			return nil
		}
		if err == nil && given != id {
			c.fail("started as %s, not as %s", given, id)
		}
		return err
	})
}

// raise raises an event; a nil payload is none.
func (c *check) raise(id api.InstanceID, event string, payload any) {
	c.must(c.tryRaise(id, event, payload))
}

func (c *check) tryRaise(id api.InstanceID, event string, payload any) error {
	var options []api.RaiseEventOptions
	if payload != nil {
		options = append(options, api.WithEventPayload(payload))
	}
	return c.repeated(func(ctx context.Context, _ bool) error {
		return c.client.RaiseEvent(ctx, id, event, options...)
	})
}

func (c *check) terminate(id api.InstanceID, options ...api.TerminateOptions) {
	c.must(c.repeated(func(ctx context.Context, _ bool) error {
		return c.client.TerminateOrchestration(ctx, id, options...)
	}))
}

func (c *check) suspend(id api.InstanceID) {
	c.must(c.repeated(func(ctx context.Context, _ bool) error {
		return c.client.SuspendOrchestration(ctx, id, "pause")
	}))
}

func (c *check) resume(id api.InstanceID) {
	c.must(c.repeated(func(ctx context.Context, _ bool) error {
		return c.client.ResumeOrchestration(ctx, id, "go on")
	}))
}

// purge tells whether there was something to purge.
func (c *check) purge(id api.InstanceID, options ...api.PurgeOptions) bool {
	found := true
	c.must(c.repeated(func(ctx context.Context, again bool) error {
		err := c.client.PurgeOrchestrationState(ctx, id, options...)
		if errors.Is(err, api.ErrInstanceNotFound) {
			found = again
			return nil
		}
		return err
	}))
	return found
}

// look gives the state, nil when there is no such instance.
func (c *check) look(id api.InstanceID, options ...api.FetchOrchestrationMetadataOptions) *api.OrchestrationMetadata {
	var state *api.OrchestrationMetadata
	c.must(c.repeated(func(ctx context.Context, _ bool) error {
		var err error
		state, err = c.client.FetchOrchestrationMetadata(ctx, id, options...)
		if errors.Is(err, api.ErrInstanceNotFound) {
			return nil
		}
		return err
	}))
	return state
}

func (c *check) isStatus(id api.InstanceID, expected api.OrchestrationStatus, when string) {
	state := c.look(id)
	if state == nil {
		c.fail("%s: %s is unknown", when, id)
	}
	if state.RuntimeStatus != expected {
		c.fail("%s: %s is %v, not %v", when, id, state.RuntimeStatus, expected)
	}
}

// running waits until the instance has left PENDING; its parent may yet have to create it.
func (c *check) running(id api.InstanceID) *api.OrchestrationMetadata {
	c.until(func() bool { return c.look(id) != nil }, string(id)+" exists")
	ctx, cancel := context.WithTimeout(c.ctx, stepLimit)
	defer cancel()
	state, err := c.client.WaitForOrchestrationStart(ctx, id)
	c.must(err)
	return state
}

// ended waits for the end, which must be the expected one.
func (c *check) ended(id api.InstanceID, expected api.OrchestrationStatus) *api.OrchestrationMetadata {
	ctx, cancel := context.WithTimeout(c.ctx, stepLimit)
	defer cancel()
	state, err := c.client.WaitForOrchestrationCompletion(ctx, id)
	if err != nil {
		c.fail("%s did not end: %v", id, err)
	}
	if state.RuntimeStatus != expected {
		c.fail("%s ended %v, not %v: output %s, failure %+v",
			id, state.RuntimeStatus, expected, brief(state.SerializedOutput), c.failureOf(id))
	}
	return state
}

// output waits for success and decodes the output.
func (c *check) output(id api.InstanceID, value any) *api.OrchestrationMetadata {
	state := c.ended(id, api.RUNTIME_STATUS_COMPLETED)
	c.must(json.Unmarshal([]byte(state.SerializedOutput), value))
	return state
}

// gives waits for success; the output's text must be this value's.
func (c *check) gives(id api.InstanceID, expected any) *api.OrchestrationMetadata {
	text, err := json.Marshal(expected)
	c.must(err)
	state := c.ended(id, api.RUNTIME_STATUS_COMPLETED)
	c.equal(state.SerializedOutput, string(text), "output of "+string(id))
	return state
}

// staysOpen says that the instance must not end within this time.
func (c *check) staysOpen(id api.InstanceID, time time.Duration) {
	ctx, cancel := context.WithTimeout(c.ctx, time)
	defer cancel()
	state, err := c.client.WaitForOrchestrationCompletion(ctx, id)
	if !errors.Is(err, context.DeadlineExceeded) {
		c.fail("%s ended, or the wait for it failed: %+v, %v", id, state, err)
	}
}

// failureOf reads the failure off the reply, nil when the instance has none.
func (c *check) failureOf(id api.InstanceID) *details {
	var state stateReply
	var decoding error
	show := func(reply any) { state, decoding = decodeState(reply) }
	c.must(c.repeated(func(ctx context.Context, _ bool) error {
		_, err := c.client.FetchOrchestrationMetadata(context.WithValue(ctx, replyWatch{}, show), id)
		return err
	}))
	c.must(decoding)
	return state.OrchestrationState.FailureDetails
}
