"""USSD turns over HTTP: sixteen gateways at once, connections kept alive, against a whole server and its database."""

import asyncio
import json
import multiprocessing
import random
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from benchmarks.measure import Row, Sample, cpu_ms, cpu_s, rate, ratio, take_turns, wait_ms

CLIENTS = 16
ROOT = Path(__file__).parents[1]
PATIENCE_S = 60
WARM_UP_S = 1.5
PACE = 200.0  # turns a second of all sixteen together, half of what must be sustained

CPU_MS, P50_MS, P99_MS, TURNS = 2.0, 10.0, 60.0, 400.0


@dataclass(frozen=True, slots=True)
class Target:
    """A sandbox: where it listens, with which key, whose wallets with which PINs, and whose CPU to count."""

    host: str
    port: int
    api_key: str
    database_url: str
    pins: Mapping[str, str]
    server: int
    postmaster: int

    @property
    def phones(self) -> tuple[str, ...]:
        """Return whose wallets may be used."""
        return tuple(self.pins)


Requests = Callable[[Target, random.Random], Iterator[bytes]]


def measure(rounds: int, seconds: float) -> list[Row]:
    """Measure turns and bare requests in turn and return the rows."""
    with sandbox() as target:
        call(target, dialogues, WARM_UP_S)
        samples = take_turns(
            {
                "GET /health/live": partial(call, target, bare, seconds),
                "USSD turn": partial(call, target, dialogues, seconds),
                "GET /health/live, paced": partial(call, target, bare, seconds, PACE),
                "USSD turn, paced": partial(call, target, dialogues, seconds, PACE),
            },
            rounds,
        )
    bare_calls, turns = samples["GET /health/live"], samples["USSD turn"]
    paced, bare_paced = samples["USSD turn, paced"], samples["GET /health/live, paced"]
    p50, p99 = wait_ms(paced, 0.50), wait_ms(paced, 0.99)
    bare_p50, bare_p99 = wait_ms(bare_paced, 0.50), wait_ms(bare_paced, 0.99)
    own, database = cpu_ms(turns, "own"), cpu_ms(turns, "database")
    beside = cpu_ms(bare_calls, "own") + cpu_ms(bare_calls, "database")
    cpu = {"own_cpu": f"{own:.2f}", "database_cpu": f"{database:.2f}"}
    return [
        Row(
            name="USSD turns, 16 at once, as fast as they go",
            figure=f"{rate(turns):.0f}/s",
            yardstick=f"{rate(bare_calls):.0f}/s",
            ratio=f"{ratio(turns, bare_calls):.2f}",
            target=f"≥ {TURNS:.0f}/s",
            holds=rate(turns) >= TURNS,
            **cpu,
        ),
        Row(
            name=f"USSD turn, p50 / p99, 16 at once, {PACE:.0f}/s in all",
            figure=f"{p50:.0f} / {p99:.0f} ms",
            yardstick=f"{bare_p50:.0f} / {bare_p99:.0f} ms",
            ratio=f"{p50 / bare_p50:.1f} / {p99 / bare_p99:.1f}",
            target=f"≤ {P50_MS:.0f} / {P99_MS:.0f} ms",
            holds=p50 <= P50_MS and p99 <= P99_MS,
            own_cpu=f"{cpu_ms(paced, 'own'):.2f}",
            database_cpu=f"{cpu_ms(paced, 'database'):.2f}",
        ),
        Row(
            name="USSD turn, CPU all in",
            figure=f"{own + database:.2f} ms",
            yardstick=f"{beside:.2f} ms",
            ratio=f"{(own + database) / beside:.1f}",
            target=f"≤ {CPU_MS:.0f} ms",
            holds=own + database <= CPU_MS,
            **cpu,
        ),
    ]


@contextmanager
def sandbox() -> Iterator[Target]:
    """Start a sandbox of the product, and end it by closing its standard input."""
    command = [sys.executable, "main.py", "sandbox"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        place = urlsplit(told["base_url"])
        currency = told["wallets"][0]["currency"]
        _lift_limits(told["database_url"])
        yield Target(
            host=str(place.hostname),
            port=int(place.port or 0),
            api_key=told["api_key"],
            database_url=told["database_url"],
            pins={wallet["msisdn"]: wallet["pin"] for wallet in told["wallets"] if wallet["currency"] == currency},
            server=_server_of(process.pid),
            postmaster=_postmaster_of(told["database_url"]),
        )


def _lift_limits(database_url: str) -> None:
    """Let few callers dial as often as many would: a person is limited to some turns a minute."""
    with psycopg.connect(database_url) as connection:
        connection.execute("update velocity_rule set capacity = 1000000")


def _server_of(sandbox_pid: int) -> int:
    """Return the sandbox's child that serves."""
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        words = line.read_bytes().split(b"\0")
        parent = (line.parent / "stat").read_text().rpartition(")")[2].split()[1]
        if b"serve" in words and int(parent) == sandbox_pid:
            return int(line.parent.name)
    raise RuntimeError("the sandbox serves nothing")


def _postmaster_of(database_url: str) -> int:
    folder = Path(str(conninfo_to_dict(database_url)["host"])).parent / "data"
    return int((folder / "postmaster.pid").read_text().splitlines()[0])


def call(
    target: Target, requests: Requests, seconds: float, pace: float | None = None, clients: int = CLIENTS
) -> Sample:
    """Send one kind of request from a process of its own, and count the CPU of server and database."""
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    client = context.Process(target=_client, args=(target, requests, seconds, pace, clients, answers))
    client.start()
    answers.get(timeout=PATIENCE_S)  # it is about to start
    before, database_before = cpu_s(target.server), cpu_s(target.postmaster)
    elapsed_s, waits_s = answers.get(timeout=seconds + PATIENCE_S)
    own_cpu_s, database_cpu_s = cpu_s(target.server) - before, cpu_s(target.postmaster) - database_before
    client.join()
    return Sample(len(waits_s), elapsed_s, own_cpu_s, database_cpu_s, tuple(waits_s))


def _client(*asked: Any) -> None:
    asyncio.run(_call_all(*asked))


async def _call_all(
    target: Target, requests: Requests, seconds: float, pace: float | None, clients: int, answers: Any
) -> None:
    answers.put("ready")
    begun = time.perf_counter()
    gap_s = clients / pace if pace else 0.0
    calls = [
        _call(target, requests(target, random.Random()), begun + gap_s * number / clients, begun + seconds, gap_s)
        for number in range(clients)
    ]
    waits_s = [wait_s for waits in await asyncio.gather(*calls) for wait_s in waits]
    answers.put((time.perf_counter() - begun, waits_s))


async def _call(target: Target, requests: Iterator[bytes], due: float, end: float, gap_s: float) -> list[float]:
    """Send one request after the other on one connection, or one every `gap_s`; each must be answered 200.

    A wait counts from when its request was due: who is late because the one before him was, waited all the same.
    """
    reader, writer = await asyncio.open_connection(target.host, target.port)
    waits_s = []
    for request in requests:
        now = time.perf_counter()
        due = due + gap_s if gap_s else now
        if due > now:
            await asyncio.sleep(due - now)
        if due >= end:
            break
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        body = await reader.readexactly(length)
        waits_s.append(time.perf_counter() - due)
        assert head.startswith(b"HTTP/1.1 200"), head + body
    writer.close()
    return waits_s


def bare(target: Target, _chance: random.Random) -> Iterator[bytes]:
    """Ask for nothing, again and again: what HTTP itself costs here."""
    while True:
        yield f"GET /health/live HTTP/1.1\r\nHost: {target.host}\r\n\r\n".encode()


def dialogues(target: Target, chance: random.Random) -> Iterator[bytes]:
    """Walk four turns without a PIN, of either menu: a balance asked twice, a transfer up to its confirmation."""
    while True:
        caller, payee = chance.sample(target.phones, 2)
        for _ in range(2):
            key = uuid.uuid4().hex
            for text in ("", "1"):
                yield _post(target, "/ussd", {"sessionId": key, "phoneNumber": caller, "text": text})
        key = uuid.uuid4().hex
        for message in ("", "1", payee, "1000"):
            yield _post(target, "/ussd/", {"sessionid": key, "msisdn": caller, "message": message})


def balances(target: Target, chance: random.Random) -> Iterator[bytes]:
    """Ask for one's balance behind the PIN, which is right: three turns, the last of which checks it."""
    while True:
        caller = chance.choice(target.phones)
        key = uuid.uuid4().hex
        for message in ("", "6", target.pins[caller]):
            yield _post(target, "/ussd/", {"sessionid": key, "msisdn": caller, "message": message})


def _post(target: Target, path: str, fields: dict[str, str]) -> bytes:
    body = json.dumps(fields).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {target.host}\r\nX-API-Key: {target.api_key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
