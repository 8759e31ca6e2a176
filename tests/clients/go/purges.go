package main

// Purge: what goes and what stays.

import (
	"time"

	"github.com/microsoft/durabletask-go/api"
)

func purges(b *book) {
	b.first(purgeByID, "purge_of_one_instance", purgeOfOne)
	b.first(purgeByID, "purge_with_descendants", purgeWithDescendants)
	b.first(purgeByID, "purge_without_descendants", purgeWithoutDescendants)
	b.first(purgeByID, "purge_of_the_running_and_the_unknown", purgeOfRunning)
	b.first(purgeByID, "purged_id_can_be_used_again", purgedIDAgain)
	b.second(purgeByID, "purges_while_the_server_is_away", purgesAway)
}

func (c *check) gone(ids ...api.InstanceID) {
	for _, id := range ids {
		if state := c.look(id); state != nil {
			c.fail("%s is still there: %+v", id, state)
		}
	}
}

func (c *check) purged(id api.InstanceID, options ...api.PurgeOptions) {
	if !c.purge(id, options...) {
		c.fail("there was no %s to purge", id)
	}
}

func purgeOfOne(c *check) {
	id := c.start("giveBack", 1)
	c.gives(id, 1)
	c.purged(id)
	c.gone(id)
	if c.purge(id) {
		c.fail("%s was purged twice", id)
	}
}

func purgeWithDescendants(c *check) {
	id := c.start("tellID", 3)
	family := []api.InstanceID{id, id + ":0001", id + ":0001:0001", id + ":0001:0001:0001"}
	c.gives(id, family)
	c.purged(id, api.WithRecursivePurge(true))
	c.gone(family...)
}

func purgeWithoutDescendants(c *check) {
	id := c.start("tellID", 1)
	c.gives(id, []api.InstanceID{id, id + ":0001"})
	c.purged(id)
	c.gone(id)
	c.gives(id+":0001", []api.InstanceID{id + ":0001"})
}

func purgeOfRunning(c *check) {
	first := c.waiting()
	if c.purge(first.InstanceID) || c.purge(first.InstanceID, api.WithRecursivePurge(true)) {
		c.fail("the running %s was purged", first.InstanceID)
	}
	c.unharmed(first)
	if missing := freshID("missing"); c.purge(missing) {
		c.fail("the unknown %s was purged", missing)
	}
}

func purgedIDAgain(c *check) {
	id := freshID("again")
	for _, word := range []string{"first", "second"} {
		c.startAs(id, "giveBack", word)
		c.gives(id, word)
		c.purged(id)
		c.gone(id)
	}
}

func purgesAway(c *check) {
	var ids, kept []api.InstanceID
	for number := range 10 {
		ids = append(ids, c.start("giveBack", number))
		kept = append(kept, c.start("giveBack", number))
	}
	for number := range ids {
		c.gives(ids[number], number)
		c.gives(kept[number], number)
	}
	c.inFlight()
	for _, id := range ids {
		c.purged(id)
		time.Sleep(stride)
	}
	c.gone(ids...)
	for number, id := range kept {
		c.gives(id, number)
	}
}
