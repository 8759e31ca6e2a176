"""A worker in a process of its own that says what it holds and never lets it go.

    python doomed.py http://127.0.0.1:8080 default-killed

Each line on standard output names a piece of work that it holds; it lives until it is killed.
"""

import logging
import sys
import threading

from cases.killed import functions_with
from context import Context

SAYING = threading.Lock()


def hold(what: str) -> None:
    with SAYING:
        print(what, flush=True)
    threading.Event().wait()


def main() -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    endpoint, taskhub = sys.argv[1:]
    with Context(endpoint, taskhub).worker(functions_with(hold)):
        threading.Event().wait()


if __name__ == "__main__":
    main()
