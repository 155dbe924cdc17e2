"""Takes messages of Twilio's, each in a process of its own that may die at one point.

A line of standard input is one order in JSON: which database, the signed request, and `fatal`, the number of the step
before which the process kills itself (0: never). A step is a statement, the commit, and the moment after it. The answer
is one line too.
"""

import json
import os
import signal
import sys
from typing import Any, NoReturn

import psycopg
import structlog

from channels.whatsapp import doors
from core.database import get_database, use_database
from services.messages.doors import Knock


def main() -> None:
    """Serve orders until standard input closes."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    _tell("ready")
    for line in sys.stdin:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            _serve(json.loads(line), writing)
        os.close(writing)
        with os.fdopen(reading, encoding="utf-8") as told:
            answer = told.read()
        _, status = os.waitpid(child, 0)
        heard = json.loads(answer) if answer else {"status": 0, "body": "", "steps": 0}
        _tell(json.dumps({**heard, "exit": os.waitstatus_to_exitcode(status)}))


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _serve(order: dict[str, Any], writing: int) -> NoReturn:
    """Take one message as the webhook does."""
    database = use_database(order["url"], 1)
    with database.transaction() as session:
        doors.get_channels(session)  # connected, and the accounts are known
    steps = _count_steps(order["fatal"])
    knock = Knock("POST", order["path"], "", {}, order["headers"], order["body"].encode())
    with get_database().transaction() as session:
        reply = doors.take_twilio(session, knock)
    answer = {"status": reply.status, "body": reply.body.decode(), "steps": steps[0]}
    os.write(writing, json.dumps(answer).encode())
    os.close(writing)
    os._exit(0)


def _count_steps(fatal: int) -> list[int]:
    """Count every statement and both sides of every commit; die before step `fatal`."""
    taken = [0]
    execute, executemany, commit = psycopg.Cursor.execute, psycopg.Cursor.executemany, psycopg.Connection.commit

    def step() -> None:
        taken[0] += 1
        if taken[0] == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    def first_execute(*arguments: Any, **options: Any) -> Any:
        step()
        return execute(*arguments, **options)

    def first_executemany(*arguments: Any, **options: Any) -> Any:
        step()
        return executemany(*arguments, **options)

    def commit_between(*arguments: Any) -> None:
        step()
        commit(*arguments)
        step()

    psycopg.Cursor.execute, psycopg.Cursor.executemany = first_execute, first_executemany  # type: ignore[method-assign]
    psycopg.Connection.commit = commit_between  # type: ignore[assignment]
    return taken


if __name__ == "__main__":
    main()
