// Command suite runs every case of the official Go client against one server.
//
//	suite http://127.0.0.1:8080 default [--only NAME]...
//
// One JSON object a line goes to standard output: a verdict for each case, and once
// {"checkpoint":"half"} when the first half is done and the second half is under way. From then
// on the server may be killed and restarted; the cases must end all the same. The exit code is 0
// only if no case failed.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// Longer than the whole suite takes on a busy machine.
const suiteLimit = 145 * time.Second

// The first argument with which the suite starts itself as a worker that will be killed.
const workerProcessMode = "worker-process"

var themes = []func(*book){
	fanOut, failures, retries, timers, events, generations, children, lifecycle, suspension,
	starts, reuse, inspection, purges, workers, payloads, absent,
}

type options struct {
	endpoint string
	taskHub  string
	only     map[string]bool
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == workerProcessMode {
		exit(runWorkerProcess(os.Args[2:]))
	}
	chosen, err := parseOptions(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	exit(run(chosen))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func parseOptions(arguments []string) (options, error) {
	chosen := options{only: map[string]bool{}}
	var positional []string
	for len(arguments) > 0 {
		next := arguments[0]
		arguments = arguments[1:]
		if next != "--only" {
			positional = append(positional, next)
			continue
		}
		if len(arguments) == 0 {
			return chosen, errors.New("--only needs a name")
		}
		chosen.only[arguments[0]] = true
		arguments = arguments[1:]
	}
	if len(positional) != 2 {
		return chosen, errors.New("usage: suite ENDPOINT TASKHUB [--only NAME]...")
	}
	chosen.endpoint, chosen.taskHub = positional[0], positional[1]
	return chosen, nil
}

func run(chosen options) error {
	ctx, cancel := context.WithTimeout(context.Background(), suiteLimit)
	defer cancel()
	runID = newRunID()
	all := newBook()
	for _, theme := range themes {
		theme(all)
	}
	cases := all.chosen(chosen.only)
	if len(cases) == 0 {
		return errors.New("no case has that name")
	}

	shared, err := connect(chosen.endpoint, chosen.taskHub)
	if err != nil {
		return err
	}
	defer shared.close()
	stop, err := listen(ctx, chosen.endpoint, chosen.taskHub, all.tasks)
	if err != nil {
		return err
	}
	defer stop()
	if failed := runCases(ctx, shared, cases); failed > 0 {
		return fmt.Errorf("%d of %d cases failed", failed, len(cases))
	}
	return nil
}
