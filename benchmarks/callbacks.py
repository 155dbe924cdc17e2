"""Signed callbacks over HTTP at the pace a provider may reach, each stored before its answer (`docs/callbacks.md`)."""

import json
import random
import time
import uuid
from collections.abc import Iterator
from functools import partial

import psycopg

from benchmarks.measure import Row, cpu_ms, rate, take_turns, wait_ms
from benchmarks.ussd import WARM_UP_S, Target, bare, call, sandbox
from providers.fakes.accounts import account_of
from providers.signatures import SCHEMES, sign_hmac

PACE = 200.0
P99_MS = 200.0
PATH = "/api/v1/payments/callback/wave"


def measure(rounds: int, seconds: float) -> list[Row]:
    """Measure callbacks and bare requests at one pace in turn, and count what was stored."""
    with sandbox() as target:
        call(target, callbacks, WARM_UP_S, PACE)
        before = _stored(target)
        samples = take_turns(
            {
                "GET /health/live, paced": partial(call, target, bare, seconds, PACE),
                "callback, paced": partial(call, target, callbacks, seconds, PACE),
            },
            rounds,
        )
        stored = _stored(target) - before
    ours, bare_calls = samples["callback, paced"], samples["GET /health/live, paced"]
    answered = sum(sample.operations for sample in ours)
    p50, p99 = wait_ms(ours, 0.50), wait_ms(ours, 0.99)
    bare_p50, bare_p99 = wait_ms(bare_calls, 0.50), wait_ms(bare_calls, 0.99)
    return [
        Row(
            name=f"signed callback, p50 / p99, {PACE:.0f}/s in all, {stored} of {answered} stored",
            figure=f"{p50:.0f} / {p99:.0f} ms",
            yardstick=f"{bare_p50:.0f} / {bare_p99:.0f} ms",
            ratio=f"{p50 / bare_p50:.1f} / {p99 / bare_p99:.1f}",
            target=f"≤ {P99_MS:.0f} ms at p99",
            holds=p99 <= P99_MS and stored == answered and rate(ours) >= rate(bare_calls) * 0.95,
            own_cpu=f"{cpu_ms(ours, 'own'):.2f}",
            database_cpu=f"{cpu_ms(ours, 'database'):.2f}",
        )
    ]


def callbacks(target: Target, _chance: random.Random) -> Iterator[bytes]:
    """Tell of sessions that nobody asked for, each once, each signed."""
    secret = account_of("wave").secrets["webhook_secret"]
    while True:
        session = {"id": f"cos-{uuid.uuid4().hex[:13]}", "client_reference": str(uuid.uuid4()), "amount": "5000"}
        event = {"id": f"AE_{uuid.uuid4().hex[:12]}", "type": "checkout.session.completed", "data": session}
        body = json.dumps(event).encode()
        headers = sign_hmac(SCHEMES["wave"], [secret], body, time.time())
        signed = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: {target.host}\r\n{signed}"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        yield head.encode() + body


def _stored(target: Target) -> int:
    with psycopg.connect(target.database_url) as connection:
        row = connection.execute("select count(*) from inbound_event where source = 'wave'").fetchone()
    assert row is not None
    return int(row[0])
