package main

// What the client shows of an instance.

import (
	"time"

	"github.com/microsoft/durabletask-go/api"
	"github.com/microsoft/durabletask-go/task"
)

func inspection(b *book) {
	b.orchestrator("showStatus", showStatus)
	b.first(queryAndList, "metadata_of_one_instance", metadataOfOne)
	b.first(queryAndList, "metadata_without_payloads", metadataWithoutPayloads)
	b.second(queryAndList, "metadata_after_the_server_was_away", metadataAfterwards)
	b.absent(queryAndList, "query_and_list_of_many",
		"the Go client has neither a query nor a list, only the metadata of one instance")
	b.first(tagsAndStatus, "custom_status_is_seen_while_running", statusWhileRunning)
	b.second(tagsAndStatus, "custom_status_after_the_server_was_away", statusAfterwards)
	b.absent(tagsAndStatus, "tags_and_parent_links",
		"the Go client has no tags, and its metadata and its orchestrators know no parent")
}

// showStatus takes on each word of its event until the word is "end".
func showStatus(ctx *task.OrchestrationContext) (any, error) {
	word := "begin"
	for word != "end" {
		ctx.SetCustomStatus(word)
		if err := ctx.WaitForSingleEvent("Status", -1).Await(&word); err != nil {
			return nil, err
		}
	}
	return word, nil
}

// The server may stamp by another clock.
const clockSlack = time.Second

func metadataOfOne(c *check) {
	missing := freshID("missing")
	if state := c.look(missing); state != nil {
		c.fail("%s is known: %+v", missing, state)
	}
	_, err := c.client.WaitForOrchestrationStart(c.ctx, missing)
	c.equal(err, api.ErrInstanceNotFound, "wait for the start of an unknown instance")
	_, err = c.client.WaitForOrchestrationCompletion(c.ctx, missing)
	c.equal(err, api.ErrInstanceNotFound, "wait for the end of an unknown instance")

	began := time.Now()
	id := c.start("waitForGo", map[string]int{"n": 1})
	running := c.running(id)
	c.equal([]any{running.InstanceID, running.Name, running.RuntimeStatus, running.IsRunning()},
		[]any{id, named("waitForGo"), api.RUNTIME_STATUS_RUNNING, true}, "while running")
	c.equal([]string{running.SerializedInput, running.SerializedOutput}, []string{`{"n":1}`, ""}, "while running")
	c.atLeast(running.CreatedAt.Sub(began), -clockSlack, "from the call to the creation")
	c.below(running.CreatedAt.Sub(began), late, "from the call to the creation")

	c.raise(id, "Go", "out")
	ended := c.gives(id, "out")
	c.equal([]any{ended.SerializedInput, ended.CreatedAt}, []any{`{"n":1}`, running.CreatedAt}, "after the end")
	c.atLeast(ended.LastUpdatedAt.Sub(running.LastUpdatedAt), 1, "from the update of the first turn to the last")
	c.equal(c.look(id), ended, "the same from either call")
}

func metadataWithoutPayloads(c *check) {
	id := c.start("breakDown", "secret")
	c.ended(id, api.RUNTIME_STATUS_FAILED)
	shown := c.start("showStatus", nil)
	c.raise(shown, "Status", "end")
	c.gives(shown, "end")
	c.equal(c.look(shown).SerializedCustomStatus, "begin", "custom status with payloads")
	for _, one := range []api.InstanceID{id, shown} {
		state := c.look(one, api.WithFetchPayloads(false))
		c.equal([]string{state.SerializedInput, state.SerializedOutput, state.SerializedCustomStatus},
			[]string{"", "", ""}, "payloads of "+string(one))
		c.equal(state.RuntimeStatus, c.look(one).RuntimeStatus, "status of "+string(one))
	}
}

func metadataAfterwards(c *check) {
	id := c.start("giveBack", "kept")
	before := c.gives(id, "kept")
	c.inFlight()
	for range 15 {
		c.equal(c.look(id), before, "state of an ended instance")
		time.Sleep(stride)
	}
}

func statusWhileRunning(c *check) {
	id := c.start("showStatus", nil)
	c.equal(c.running(id).SerializedCustomStatus, "begin", "status with the first turn")
	for _, word := range []string{`{"step": 2}`, "", "ünï→", "last"} {
		c.raise(id, "Status", word)
		c.until(func() bool { return c.look(id).SerializedCustomStatus == word }, "custom status "+word)
	}
	c.raise(id, "Status", "end")
	c.equal(c.gives(id, "end").SerializedCustomStatus, "last", "status after the end")
}

func statusAfterwards(c *check) {
	id := c.start("showStatus", nil)
	c.raise(id, "Status", "before")
	c.until(func() bool { return c.look(id).SerializedCustomStatus == "before" }, "custom status")
	c.inFlight()
	for range 10 {
		c.equal(c.look(id).SerializedCustomStatus, "before", "custom status")
		time.Sleep(stride)
	}
	c.raise(id, "Status", "after")
	c.until(func() bool { return c.look(id).SerializedCustomStatus == "after" }, "custom status")
	c.raise(id, "Status", "end")
	c.equal(c.gives(id, "end").SerializedCustomStatus, "after", "status after the end")
}
