"""Runs every case of the official Python client against one server.

    python suite.py http://127.0.0.1:8080 default [--only NAME]...

One JSON object a line goes to standard output: {"name", "behaviour", "ok", "seconds", "error"},
with "skipped" instead of "ok" for a feature that this client lacks, and once, in the middle,
{"checkpoint": "half"}: the server may be killed and restarted right then. The exit code is 0
only if no case failed.
"""

import argparse
import json
import logging
import os
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

from cases import THEMES
from checkpoint import CHECKPOINT, give_after_checkpoint, is_past_checkpoint
from context import Context
from registry import Case, Half, Registry

# Cases mostly wait for the server: more of them at once than there are cores.
CASES_AT_ONCE = 16

# A run that takes longer than this is hung; its unfinished cases have failed.
RUN_SECONDS = 150


class Report:
    """Writes a line for each case and knows what is still to come."""

    def __init__(self, cases: list[Case]) -> None:
        self._lock = threading.Lock()
        self._open = {case.name: case for case in cases}
        self.failed = 0

    def line(self, line: dict) -> None:
        with self._lock:
            print(json.dumps(line), flush=True)

    def skipped(self, case: Case) -> None:
        del self._open[case.name]
        self.line({"name": case.name, "behaviour": case.behaviour, "skipped": case.lacking})

    def done(self, case: Case, seconds: float, error: str) -> None:
        with self._lock:
            if self._open.pop(case.name, None) is None:
                return  # the run was given up in the meantime
            self.failed += bool(error)
        self.line({"name": case.name, "behaviour": case.behaviour, "ok": not error,
                   "seconds": round(seconds, 3), "error": error})

    def give_up(self) -> None:
        for case in list(self._open.values()):
            self.done(case, RUN_SECONDS, f"not done {RUN_SECONDS} s after the run began")


def main() -> int:
    options = parse_options()
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    registry = Registry()
    registry.activity(give_after_checkpoint, is_past_checkpoint)
    for theme in THEMES:
        theme.register(registry)
    registry.check()
    chosen = [c for c in registry.cases if not options.only or c.name in options.only]
    if not chosen:
        sys.exit("no case has that name")

    report = Report(chosen)
    give_up_after(RUN_SECONDS, report)
    context = Context(options.endpoint, options.taskhub)
    with context.client, context.worker(
            registry, configure=lambda worker: worker.configure_scheduled_tasks()):
        run_all(context, chosen, report)
    return 1 if report.failed else 0


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("endpoint", help="such as http://127.0.0.1:8080")
    parser.add_argument("taskhub")
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    return parser.parse_args()


def give_up_after(seconds: float, report: Report) -> None:
    def give_up() -> None:
        report.give_up()
        os._exit(1)  # threads of a hung run would keep the process alive

    timer = threading.Timer(seconds, give_up)
    timer.daemon = True
    timer.start()


def run_all(context: Context, cases: list[Case], report: Report) -> None:
    """The first half, then the second half with the checkpoint in the midst of it."""
    for case in cases:
        if case.lacking:
            report.skipped(case)
    runnable = [c for c in cases if not c.lacking]
    first = [c for c in runnable if c.half is Half.FIRST]
    with ThreadPoolExecutor(max_workers=CASES_AT_ONCE) as pool:
        list(pool.map(lambda c: run_one(context, c, report), first))
    second = [c for c in runnable if c.half is Half.SECOND]
    threads = [threading.Thread(target=run_one, args=(context, c, report)) for c in second]
    for thread in threads:
        thread.start()
    late = CHECKPOINT.missing({c.name for c in second})
    if late:
        print(f"not in flight at the checkpoint: {', '.join(sorted(late))}", file=sys.stderr)
    report.line({"checkpoint": "half"})
    CHECKPOINT.open()
    for thread in threads:
        thread.join()


def run_one(context: Context, case: Case, report: Report) -> None:
    began = time.monotonic()
    error = ""
    try:
        case.run(context.for_case(case.name))
    except Exception as failure:  # a case may fail in any way; each is one line of the report
        where = traceback.extract_tb(failure.__traceback__)
        mine = [f for f in where if "site-packages" not in f.filename] or where
        error = f"{type(failure).__name__}: {failure} (line {mine[-1].lineno} of {mine[-1].name})"
    finally:
        CHECKPOINT.arrive(case.name)
    report.done(case, time.monotonic() - began, error)


if __name__ == "__main__":
    sys.exit(main())
