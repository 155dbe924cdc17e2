"""Messages of people who ask for a code, as Twilio brings them: signed, paced for a minute, against a whole server."""

import base64
import hashlib
import hmac
import random
import uuid
from collections.abc import Iterator
from functools import partial
from urllib.parse import urlencode

import psycopg

from benchmarks.measure import Row, Sample, cpu_ms, rate, ratio, take_turns, wait_ms
from benchmarks.ussd import WARM_UP_S, Target, bare, call, sandbox
from providers.fakes.accounts import account_of
from providers.fakes.keys import secret_of
from services.ciu.simulator import shipped_lists

PACE, SUSTAINED_S, CLIENTS = 50.0, 60.0, 25
P95_MS, P99_MS, LONGEST_S, OWN_CPU_MS = 300.0, 1_000.0, 8.0, 3.0
QUESTIONS = ("birth_year", "mother_birthplace", "first_name", "birth_day", "family_name")


def measure(rounds: int, seconds: float) -> list[Row]:
    """Keep the pace for a minute, then go as fast as it goes, beside bare requests."""
    with sandbox() as target:
        call(target, conversations, WARM_UP_S)
        kept = _count(target)
        paced = [call(target, conversations, SUSTAINED_S, PACE, CLIENTS)]
        _check(target, kept, paced[0])
        beside = [call(target, bare, seconds, PACE, CLIENTS)]
        samples = take_turns(
            {
                "GET /health/live": partial(call, target, bare, seconds),
                "CIU message": partial(call, target, conversations, seconds),
            },
            rounds,
        )
    return [_pace_row(paced, beside), _cpu_row(paced), _rate_row(samples["CIU message"], samples["GET /health/live"])]


def conversations(target: Target, chance: random.Random) -> Iterator[bytes]:
    """Let one person after the other ask for a code, from a telephone of his own: seven messages each."""
    settings = account_of("twilio_whatsapp").settings
    token = secret_of("twilio_whatsapp", "auth_token")
    lists = [shipped_lists()[name] for name in QUESTIONS]
    while True:
        phone = f"+2438{chance.randrange(10**8):08}"
        answers = [chance.choices([*one], [*one.values()])[0] for one in lists]
        for body in ("Bonjour", *answers, "1"):
            form = {
                "AccountSid": str(settings["account_sid"]),
                "Body": body,
                "From": f"whatsapp:{phone}",
                "MessageSid": f"SM{uuid.uuid4().hex}",
                "NumMedia": "0",
                "To": f"whatsapp:{str(settings['from']).removeprefix('whatsapp:')}",
            }
            yield _post(target, form, token)


def _post(target: Target, form: dict[str, str], token: str) -> bytes:
    signed = f"http://{target.host}:{target.port}/whatsapp/webhook" + "".join(map("".join, sorted(form.items())))
    signature = base64.b64encode(hmac.digest(token.encode(), signed.encode(), hashlib.sha1)).decode()
    body = urlencode(form).encode()
    head = (
        f"POST /whatsapp/webhook HTTP/1.1\r\nHost: {target.host}\r\nX-Twilio-Signature: {signature}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _count(target: Target) -> tuple[int, int]:
    """Return how many messages were answered, and how many codes were given."""
    with psycopg.connect(target.database_url) as connection:
        row = connection.execute(
            "select (select count(*) from whatsapp_inbound where reply_id is not null), (select count(*) from ciu_event"
            " where name in ('issued_new', 'issued_existing'))"
        ).fetchone()
        assert row is not None
        return int(row[0]), int(row[1])


def _check(target: Target, before: tuple[int, int], sample: Sample) -> None:
    """Make sure that each message was answered as one, not with an apology, and that codes were given."""
    answered, given = (now - then for now, then in zip(_count(target), before, strict=True))
    assert answered == sample.operations, (answered, sample.operations)
    assert given >= sample.operations // 7 - CLIENTS, given


def _pace_row(paced: list[Sample], beside: list[Sample]) -> Row:
    p95, p99, longest = (wait_ms(paced, share) for share in (0.95, 0.99, 0.999_999))
    bare95, bare99 = wait_ms(beside, 0.95), wait_ms(beside, 0.99)
    return Row(
        name=f"CIU messages through Twilio, {PACE:.0f}/s for {SUSTAINED_S:.0f} s: p95 / p99 / longest",
        figure=f"{p95:.0f} / {p99:.0f} / {longest:.0f} ms",
        yardstick=f"{bare95:.0f} / {bare99:.0f} ms",
        ratio=f"{p95 / bare95:.1f} / {p99 / bare99:.1f}",
        target=f"≤ {P95_MS:.0f} / {P99_MS:.0f} / {LONGEST_S * 1_000:.0f} ms",
        own_cpu=f"{cpu_ms(paced, 'own'):.2f}",
        database_cpu=f"{cpu_ms(paced, 'database'):.2f}",
        holds=p95 <= P95_MS and p99 <= P99_MS and longest <= LONGEST_S * 1_000,
    )


def _cpu_row(paced: list[Sample]) -> Row:
    own = cpu_ms(paced, "own")
    return Row(
        name="CIU message, CPU outside the database",
        figure=f"{own:.2f} ms",
        yardstick="",
        ratio="",
        target=f"≤ {OWN_CPU_MS:.0f} ms",
        own_cpu=f"{own:.2f}",
        database_cpu=f"{cpu_ms(paced, 'database'):.2f}",
        holds=own <= OWN_CPU_MS,
    )


def _rate_row(turns: list[Sample], bare_calls: list[Sample]) -> Row:
    return Row(
        name="CIU messages, 16 at once, as fast as they go",
        figure=f"{rate(turns):.0f}/s",
        yardstick=f"{rate(bare_calls):.0f}/s",
        ratio=f"{ratio(turns, bare_calls):.2f}",
        target=f"≥ {2 * PACE:.0f}/s",
        own_cpu=f"{cpu_ms(turns, 'own'):.2f}",
        database_cpu=f"{cpu_ms(turns, 'database'):.2f}",
        holds=rate(turns) >= 2 * PACE,
    )
