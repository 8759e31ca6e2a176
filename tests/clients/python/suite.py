"""Runs every case of the official Python client against one server.

    python suite.py http://127.0.0.1:8080 default [--plain] [--only NAME]...

One JSON object a line goes to standard output: {"name", "ok", "seconds", "error"}, with
"skipped" instead of "ok" for what a server cannot be asked. The exit code is 0 only if no
case failed.
"""

import argparse
import json
import logging
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

from cases import children, events, fan_out, history, lifecycle, purge, queries, retries, starts, timers
from support import Case, Context, Registry

THEMES = [fan_out, children, retries, timers, events, lifecycle, purge, queries, history, starts]

# Cases end at the same time; their lines must not mix.
REPORTING = threading.Lock()

# Cases mostly wait for the server: more of them at once than there are cores.
CASES_AT_ONCE = 12

# Each waiting call holds one of the few threads of the in-memory backend.
CASES_AT_ONCE_PLAIN = 4


def main() -> int:
    options = parse_options()
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    registry = Registry()
    for theme in THEMES:
        theme.register(registry)
    chosen = [c for c in registry.cases if not options.only or c.name in options.only]
    if not chosen:
        sys.exit("no case has that name")

    context = Context(options.endpoint, options.taskhub, plain=options.plain)
    worker = context.new_worker(registry)
    worker.start()
    try:
        results = run_all(context, chosen)
    finally:
        worker.stop()
        context.close()
    return 0 if all(results) else 1


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("endpoint", help="such as http://127.0.0.1:8080")
    parser.add_argument("taskhub")
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    parser.add_argument(
        "--plain",
        action="store_true",
        help="the package's own in-memory backend: no task hubs, and cases beyond it are skipped",
    )
    return parser.parse_args()


def run_all(context: Context, cases: list[Case]) -> list[bool]:
    """Runs the cases that can share a hub together, then those that cannot, one by one."""
    shared = [c for c in cases if not c.alone]
    at_once = CASES_AT_ONCE_PLAIN if context.plain else CASES_AT_ONCE
    with ThreadPoolExecutor(max_workers=at_once) as pool:
        results = list(pool.map(lambda c: run_one(context, c), shared))
    return results + [run_one(context, c) for c in cases if c.alone]


def run_one(context: Context, case: Case) -> bool:
    if context.plain and case.beyond_plain:
        report({"name": case.name, "skipped": case.beyond_plain})
        return True
    began = time.monotonic()
    error = None
    try:
        case.run(context)
    except Exception as failure:  # a case may fail in any way; each is one line of the report
        where = traceback.extract_tb(failure.__traceback__)
        mine = [f for f in where if "site-packages" not in f.filename] or where
        error = f"{type(failure).__name__}: {failure} (line {mine[-1].lineno} of {mine[-1].name})"
    seconds = round(time.monotonic() - began, 3)
    report({"name": case.name, "ok": error is None, "seconds": seconds, "error": error})
    return error is None


def report(line: dict) -> None:
    with REPORTING:
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    sys.exit(main())
