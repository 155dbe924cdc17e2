"""What an operator and a caller notice of menus: many callers, PINs beside, publishing, lint and the meter."""

import http.client
import json
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from statistics import median
from typing import Any

from benchmarks.measure import Row, Sample, take_turns, wait_ms
from benchmarks.ussd import PATIENCE_S, WARM_UP_S, Target, balances, call, dialogues, sandbox
from channels import meter, publishing
from channels.lint import Facts, lint
from core.database import Database
from core.permissions import SYSTEM
from services import flows
from services.flows import PublishVersion, SaveDraft

MANY, PACE = 64, 200.0
QUIET_PACE, PIN_PACE = 160.0, 30.0  # 40 sessions of four turns a second, beside 10 of three that check a PIN
SLOWEST_MANY_MS, MOST_SLOWER, LATEST_S, KEY_MS = 250.0, 1.2, 1.0, 100.0
KEY = f"≤ {KEY_MS:.0f} ms"
FLOW, PATH = "service", "/ussd"


def measure(rounds: int, seconds: float) -> list[Row]:
    """Measure a crowd, PINs beside, publications, and what an editor waits for at every key."""
    with sandbox() as target:
        call(target, dialogues, WARM_UP_S)
        samples = take_turns(
            {
                "64 at once, paced": partial(call, target, dialogues, seconds, PACE, MANY),
                "no PIN, alone": partial(call, target, dialogues, seconds, QUIET_PACE),
                "no PIN, PINs beside": partial(_beside_pins, target, seconds),
            },
            rounds,
        )
        database = Database(target.database_url, pool_size=2)
        seen_s = [_publish(database, target, f"Essai {number}") for number in range(max(rounds, 3) * 3)]
        with database.transaction() as session:
            facts = publishing.facts_of(session, "wallet")
            (live, *_) = flows.list_versions(session, SYSTEM, "wallet")
            body = flows.get_body(session, SYSTEM, live.id)
        database.dispose()
    return [*_crowd(samples), *_waiting(seen_s, body, facts)]


def _crowd(samples: dict[str, list[Sample]]) -> list[Row]:
    many = samples["64 at once, paced"]
    alone, beside = samples["no PIN, alone"], samples["no PIN, PINs beside"]
    p99, quiet, busy = (wait_ms(each, 0.99) for each in (many, alone, beside))
    return [
        _row(
            f"USSD turn, p50 / p99, {MANY} at once, {PACE:.0f}/s in all",
            f"{wait_ms(many, 0.5):.0f} / {p99:.0f} ms",
            f"p99 ≤ {SLOWEST_MANY_MS:.0f} ms",
            holds=p99 <= SLOWEST_MANY_MS,
        ),
        _row(
            f"USSD turn without PIN, p99, {QUIET_PACE:.0f}/s beside {PIN_PACE / 3:.0f} PINs checked a second",
            f"{busy:.0f} ms",
            f"≤ {MOST_SLOWER:.1f} times alone",
            f"{quiet:.0f} ms",
            f"{busy / quiet:.2f}",
            holds=busy <= MOST_SLOWER * quiet,
        ),
    ]


def _waiting(seen_s: list[float], body: dict[str, Any], facts: Facts) -> list[Row]:
    screens = [*body["screens"]]
    lint_ms = _median_ms(lambda: lint(body, facts))
    meter_ms = _median_ms(lambda: [meter.weigh(body, name, facts) for name in screens]) / len(screens)
    return [
        _row(
            "a menu published: from its commit to the first caller who meets it, the slowest",
            f"{max(seen_s) * 1000:.0f} ms",
            f"≤ {LATEST_S * 1000:.0f} ms",
            holds=max(seen_s) <= LATEST_S,
        ),
        _row(f"lint of the wallet menu, {len(screens)} screens", f"{lint_ms:.0f} ms", KEY, holds=lint_ms <= KEY_MS),
        _row("the meter of one screen, all languages", f"{meter_ms:.1f} ms", KEY, holds=meter_ms <= KEY_MS),
    ]


def _beside_pins(target: Target, seconds: float) -> Sample:
    """Return the turns without a PIN while others check theirs."""
    with ThreadPoolExecutor(1) as pool:
        others = pool.submit(call, target, balances, seconds, PIN_PACE)
        sample = call(target, dialogues, seconds, QUIET_PACE)
        others.result()
    return sample


def _publish(database: Database, target: Target, words: str) -> float:
    """Publish a menu that says these words; return how long after its commit a new caller reads them."""
    with database.transaction() as session:
        (live, *_) = flows.list_versions(session, SYSTEM, FLOW)
        body = flows.get_body(session, SYSTEM, live.id)
        body["screens"]["home"]["text"] = body["screens"]["home"]["text"] | {"fr": words}
        draft = publishing.save_draft(session, SYSTEM, SaveDraft(flow_key=FLOW, body=body))
    with database.transaction() as session:
        order = PublishVersion(service_key=FLOW, version_id=draft.id, checksum=draft.checksum)
        publishing.publish(session, SYSTEM, order)
    begun = time.perf_counter()
    with closing(http.client.HTTPConnection(target.host, target.port, timeout=PATIENCE_S)) as connection:
        while words not in _dial(connection, target):
            assert time.perf_counter() - begun < PATIENCE_S, "it never came"
    return time.perf_counter() - begun


def _dial(connection: http.client.HTTPConnection, target: Target) -> str:
    body = json.dumps({"sessionId": uuid.uuid4().hex, "phoneNumber": target.phones[0], "text": ""})
    connection.request("POST", PATH, body, {"Content-Type": "application/json", "X-API-Key": target.api_key})
    return connection.getresponse().read().decode()


def _median_ms(work: Callable[[], object], times: int = 15) -> float:
    taken = []
    for _ in range(times):
        begun = time.process_time()  # of the processor, which neighbours do not lengthen
        work()
        taken.append(time.process_time() - begun)
    return median(taken) * 1000


def _row(name: str, figure: str, target: str, yardstick: str = "–", ratio: str = "–", *, holds: bool) -> Row:
    return Row(name, figure, yardstick, ratio, target, "", "", holds)
