package main

// Runs the halves one after the other and reports; the checkpoint lies between them.

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"sync"
	"time"
)

// halfway is closed at the checkpoint. Activities that must be busy then wait for it.
var halfway = make(chan struct{})

// Cases that measure time must not wait for the work of all others.
const casesAtOnce = 12

// Cases end at the same time; their lines must not mix.
var reporting sync.Mutex

type verdict struct {
	Name      string  `json:"name"`
	Behaviour string  `json:"behaviour"`
	OK        bool    `json:"ok"`
	Seconds   float64 `json:"seconds"`
	Error     string  `json:"error"`
}

type omission struct {
	Name      string `json:"name"`
	Behaviour string `json:"behaviour"`
	Skipped   string `json:"skipped"`
}

type checkpoint struct {
	Checkpoint string `json:"checkpoint"`
}

// runCases tells how many cases failed.
func runCases(ctx context.Context, shared *hub, cases []testCase) int {
	var early, late []testCase
	for _, one := range cases {
		switch {
		case one.lacks != "":
			report(omission{one.name, one.behaviour, one.lacks})
		case one.half == firstHalf:
			early = append(early, one)
		default:
			late = append(late, one)
		}
	}
	failed := runTogether(ctx, shared, early, casesAtOnce, func() {})

	var underWay sync.WaitGroup
	underWay.Add(len(late))
	go func() {
		underWay.Wait()
		report(checkpoint{"half"})
		close(halfway)
	}()
	failed += runTogether(ctx, shared, late, len(late), underWay.Done)
	<-halfway
	return failed
}

// runTogether calls arrive once for each case: when it is under way, at the latest at its end.
func runTogether(ctx context.Context, shared *hub, cases []testCase, atOnce int, arrive func()) int {
	outcomes := make([]bool, len(cases))
	var running sync.WaitGroup
	places := make(chan struct{}, atOnce)
	for index, one := range cases {
		running.Add(1)
		places <- struct{}{}
		go func() {
			defer running.Done()
			defer func() { <-places }()
			outcomes[index] = runOne(ctx, shared, one, sync.OnceFunc(arrive))
		}()
	}
	running.Wait()
	failed := 0
	for _, good := range outcomes {
		if !good {
			failed++
		}
	}
	return failed
}

func runOne(ctx context.Context, shared *hub, one testCase, arrive func()) bool {
	defer arrive()
	began := time.Now()
	c := &check{ctx: ctx, hub: shared, arrive: arrive, undo: &undoList{}}
	complaint := attempt(c, one.run)
	c.undo.run()
	report(verdict{
		Name:      one.name,
		Behaviour: one.behaviour,
		OK:        complaint == "",
		Seconds:   math.Round(time.Since(began).Seconds()*1000) / 1000,
		Error:     complaint,
	})
	return complaint == ""
}

// attempt runs a case; what it panics with is its complaint.
func attempt(c *check, run func(*check)) (complaint string) {
	defer func() {
		switch thrown := recover().(type) {
		case nil:
		case failure:
			complaint = string(thrown)
		default:
			complaint = fmt.Sprintf("panic: %v", thrown)
			fmt.Fprintf(os.Stderr, "%s\n%s", complaint, debug.Stack())
		}
	}()
	run(c)
	return ""
}

func report(line any) {
	text, err := json.Marshal(line)
	if err != nil {
		panic(err)
	}
	reporting.Lock()
	defer reporting.Unlock()
	fmt.Println(string(text))
}
