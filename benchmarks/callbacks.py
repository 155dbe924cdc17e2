"""Callbacks of an operator over HTTP: signed events at a pace, against a whole server; every one answered is kept."""

import hashlib
import hmac
import json
import random
import time
import uuid
from collections.abc import Iterator
from functools import partial

import psycopg

from benchmarks.measure import Row, Sample, cpu_ms, take_turns, wait_ms
from benchmarks.ussd import WARM_UP_S, Target, bare, call, sandbox
from providers.fakes.keys import secret_of

PACE = 200.0  # callbacks a second that must be sustained
P99_MS = 200.0


def measure(rounds: int, seconds: float) -> list[Row]:
    """Measure callbacks and bare requests in turn, at the same pace, and return the row."""
    with sandbox() as target:
        call(target, callbacks, WARM_UP_S)
        kept = _count(target)
        variants = {
            "GET /health/live, paced": partial(call, target, bare, seconds, PACE),
            "signed callback, paced": partial(call, target, callbacks, seconds, PACE),
        }
        samples = take_turns(variants, rounds)
        kept = _count(target) - kept
    answered = sum(sample.operations for sample in samples["signed callback, paced"])
    assert kept == answered, f"{answered} answered 200, {kept} kept"
    return [_row(samples["signed callback, paced"], samples["GET /health/live, paced"])]


def callbacks(_target: Target, chance: random.Random) -> Iterator[bytes]:
    """Give events of Wave, each another one, signed as Wave signs."""
    secret = secret_of("wave", "webhook_secret").encode()
    while True:
        event = {"id": f"AE_{uuid.UUID(int=chance.getrandbits(128))}", "type": "checkout.session.completed"}
        session = {"id": "cos-1", "client_reference": str(uuid.uuid4()), "payment_status": "succeeded"}
        body = json.dumps({**event, "data": session}).encode()
        at = str(int(time.time()))
        signature = hmac.new(secret, at.encode() + body, hashlib.sha256).hexdigest()
        head = (
            "POST /api/v1/payments/callback/wave HTTP/1.1\r\nHost: palabre\r\nContent-Type: application/json\r\n"
            f"Wave-Signature: t={at},v1={signature}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        yield head.encode() + body


def _row(taken: list[Sample], beside: list[Sample]) -> Row:
    p50, p99 = wait_ms(taken, 0.50), wait_ms(taken, 0.99)
    bare_p50, bare_p99 = wait_ms(beside, 0.50), wait_ms(beside, 0.99)
    return Row(
        name=f"Callback, signed, kept before it is answered, p50 / p99, {PACE:.0f}/s",
        figure=f"{p50:.0f} / {p99:.0f} ms",
        yardstick=f"{bare_p50:.0f} / {bare_p99:.0f} ms",
        ratio=f"{p50 / bare_p50:.1f} / {p99 / bare_p99:.1f}",
        target=f"p99 ≤ {P99_MS:.0f} ms",
        own_cpu=f"{cpu_ms(taken, 'own'):.2f}",
        database_cpu=f"{cpu_ms(taken, 'database'):.2f}",
        holds=p99 <= P99_MS,
    )


def _count(target: Target) -> int:
    with psycopg.connect(target.database_url) as connection:
        row = connection.execute("select count(*) from inbound_event").fetchone()
        assert row is not None
        return int(row[0])
