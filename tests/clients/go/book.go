package main

// The cases, the functions that the worker must know for them, and names of this run only.

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"sync/atomic"

	"github.com/microsoft/durabletask-go/api"
	"github.com/microsoft/durabletask-go/task"
)

// half says when a case runs. Cases that count runs or measure time are in the first.
type half int

const (
	firstHalf half = iota + 1
	secondHalf
)

type testCase struct {
	name      string
	behaviour string
	half      half
	run       func(*check)
	// lacks says which feature the client does not have; such a case does not run.
	lacks string
}

type book struct {
	tasks *task.TaskRegistry
	cases []testCase
}

func newBook() *book {
	return &book{tasks: task.NewTaskRegistry()}
}

func (b *book) orchestrator(name string, function task.Orchestrator) {
	mustRegister(b.tasks.AddOrchestratorN(named(name), function))
}

func (b *book) activity(name string, function task.Activity) {
	mustRegister(b.tasks.AddActivityN(named(name), function))
}

func mustRegister(err error) {
	if err != nil {
		panic(err)
	}
}

func (b *book) first(behaviour, name string, run func(*check)) {
	b.cases = append(b.cases, testCase{name: name, behaviour: behaviour, half: firstHalf, run: run})
}

// second adds a case that must end well although the server is killed under it.
func (b *book) second(behaviour, name string, run func(*check)) {
	b.cases = append(b.cases, testCase{name: name, behaviour: behaviour, half: secondHalf, run: run})
}

func (b *book) absent(behaviour, name, lacks string) {
	b.cases = append(b.cases, testCase{name: name, behaviour: behaviour, half: firstHalf, lacks: lacks})
}

func (b *book) chosen(only map[string]bool) []testCase {
	if len(only) == 0 {
		return b.cases
	}
	var cases []testCase
	for _, candidate := range b.cases {
		if only[candidate.name] {
			cases = append(cases, candidate)
		}
	}
	return cases
}

// runID keeps what one run leaves on a hub apart from what the next one does there.
var runID string

var idsGiven atomic.Int64

func newRunID() string {
	random := make([]byte, 4)
	if _, err := rand.Read(random); err != nil {
		panic(err)
	}
	return hex.EncodeToString(random)
}

// named is the name under which this run registers and calls a function.
func named(function string) string {
	return runID + "." + function
}

func freshID(prefix string) api.InstanceID {
	return api.InstanceID(fmt.Sprintf("%s-%s-%d", runID, prefix, idsGiven.Add(1)))
}
