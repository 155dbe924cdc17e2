"""USSD turns beside operators that hang: whoever holds a phone does not notice (`docs/connectors.md`)."""

import http.client
import json
import logging
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from itertools import cycle, islice, product

import psycopg

from benchmarks.measure import Row, Sample, cpu_ms, rate, ratio, take_turns, wait_ms
from benchmarks.ussd import PATIENCE_S, WARM_UP_S, Target, call, dialogues, sandbox
from jobs.transfers import SUBMIT_WIDTH
from providers.fakes.kernel import Kernel
from providers.fakes.server import FakeServer

OPERATORS = {"orange_cm": "1", "mtn": "2"}  # as the phone lists them
TOP_UPS = 50
AMOUNT = "1000"
SILENT = {"011": 1_000}
LEAST_RATIO, SLOWEST_MS = 0.8, 1_000.0
PAUSE_S = 0.1


def measure(rounds: int, seconds: float) -> list[Row]:
    """Measure turns without and with hanging operators in turn, and return the rows."""
    logging.getLogger(
        "uvicorn.error"
    ).disabled = True  # a fake that is stopped while it holds requests says so at length
    with sandbox() as target:
        call(target, dialogues, WARM_UP_S)
        samples = take_turns(
            {
                "USSD turn": partial(call, target, dialogues, seconds),
                "USSD turn, operators hang": partial(_call_beside, target, seconds),
            },
            rounds,
        )
    alone, beside = samples["USSD turn"], samples["USSD turn, operators hang"]
    slowest, alone_slowest = wait_ms(beside, 0.999), wait_ms(alone, 0.999)
    cpu = {"own_cpu": f"{cpu_ms(beside, 'own'):.2f}", "database_cpu": f"{cpu_ms(beside, 'database'):.2f}"}
    return [
        Row(
            name=f"USSD turns, 16 at once, {TOP_UPS} top-ups at operators that hang",
            figure=f"{rate(beside):.0f}/s",
            yardstick=f"{rate(alone):.0f}/s",
            ratio=f"{ratio(beside, alone):.2f}",
            target=f"≥ {LEAST_RATIO:.2f}",
            holds=ratio(beside, alone) >= LEAST_RATIO,
            **cpu,
        ),
        Row(
            name="the same, p99.9",
            figure=f"{slowest:.0f} ms",
            yardstick=f"{alone_slowest:.0f} ms",
            ratio=f"{slowest / alone_slowest:.1f}",
            target=f"< {SLOWEST_MS:.0f} ms",
            holds=slowest < SLOWEST_MS,
            **cpu,
        ),
    ]


def _call_beside(target: Target, seconds: float) -> Sample:
    with _silence(target):
        return call(target, dialogues, seconds)


@contextmanager
def _silence(target: Target) -> Iterator[None]:
    """Have top-ups on their way to operators that keep every request; they are let go at the end of the block."""
    server = FakeServer(Kernel(mix=SILENT))
    server.start()
    with psycopg.connect(target.database_url, autocommit=True) as connection:
        try:
            for adapter in OPERATORS:
                place = (f"{server.url}/{adapter}", adapter)
                connection.execute("update provider_account set base_url = %s where adapter = %s", place)
            _top_up(target)
            _wait_for(connection, len(OPERATORS) * SUBMIT_WIDTH)
            yield
            held = _held(connection)
            assert held == len(OPERATORS) * SUBMIT_WIDTH, f"only {held} requests were hanging to the end"
        finally:
            # Nothing of this round is left for the next: neither what waits nor what would be asked about.
            connection.execute("update transfer set is_held = true where state = 'created'")
            server.stop()
        _wait_for(connection, 0)
        connection.execute("update transfer set next_read_at = null")
        connection.execute("update provider_account set breaker = 'closed', unknowns_in_row = 0")


def _top_up(target: Target) -> None:
    """Ask by phone for as many top-ups as hang, half of them at each operator."""
    callers = islice(cycle(product(target.phones, OPERATORS.values())), TOP_UPS)
    with closing(http.client.HTTPConnection(target.host, target.port, timeout=PATIENCE_S)) as connection:
        for phone, key in callers:
            session, text = uuid.uuid4().hex, ""
            for message in ("8", key, AMOUNT, "1", target.pins[phone]):
                body = json.dumps({"sessionid": session, "msisdn": phone, "message": message})
                connection.request("POST", "/ussd/", body, {"Content-Type": "application/json"})
                text = connection.getresponse().read().decode()
            assert "Demande" in text, text


def _wait_for(connection: psycopg.Connection[tuple[object, ...]], held: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while _held(connection) != held:
        assert time.monotonic() < deadline, f"{_held(connection)} requests hang where {held} should"
        time.sleep(PAUSE_S)


def _held(connection: psycopg.Connection[tuple[object, ...]]) -> int:
    """Return how many requests operators keep."""
    row = connection.execute("select count(*) from transfer where state = 'submitted'").fetchone()
    assert row is not None
    return int(str(row[0]))
