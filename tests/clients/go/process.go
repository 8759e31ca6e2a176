package main

// A worker in an operating system process of its own, to be killed while it holds work.

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// runWorkerProcess is the other process: it never finishes held work, and says what it holds.
func runWorkerProcess(arguments []string) error {
	if len(arguments) != 3 {
		return errors.New("usage: suite " + workerProcessMode + " ENDPOINT TASKHUB RUN")
	}
	endpoint, taskHub := arguments[0], arguments[1]
	runID = arguments[2]
	hold := func(what string, held bool) {
		if held {
			fmt.Println(what)
			select {}
		}
	}
	if _, err := listen(context.Background(), endpoint, taskHub, tenStepsWorker(hold)); err != nil {
		return err
	}
	// The end of standard input is the end of the suite.
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

type workerProcess struct {
	command *exec.Cmd
	held    map[string]bool
	lines   chan string
}

func (c *check) startWorkerProcess() *workerProcess {
	program, err := os.Executable()
	c.must(err)
	command := exec.Command(program, workerProcessMode, c.endpoint, c.hub.name, runID)
	command.Stderr = os.Stderr
	_, err = command.StdinPipe()
	c.must(err)
	output, err := command.StdoutPipe()
	c.must(err)
	c.must(command.Start())
	worker := &workerProcess{command, map[string]bool{}, make(chan string, 100)}
	go func() {
		for scanner := bufio.NewScanner(output); scanner.Scan(); {
			worker.lines <- scanner.Text()
		}
	}()
	c.undo.add(worker.kill)
	return worker
}

// holds waits until the process has said that it holds this.
func (w *workerProcess) holds(c *check, what string) {
	deadline := time.After(stepLimit)
	for !w.held[what] {
		select {
		case line := <-w.lines:
			w.held[line] = true
		case <-deadline:
			c.fail("the other process never held %q", what)
		}
	}
}

func (w *workerProcess) kill() {
	_ = w.command.Process.Kill()
	_ = w.command.Wait()
}
