"""A million sessions made set-based: how long their roll-up takes, and what the pages of figures read from it."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from uuid import UUID

import psycopg
import yaml

from benchmarks.ground import prepared
from benchmarks.measure import Row
from channels.ussd import journeys
from core import clock
from core.database import Database, fetch_all
from core.permissions import Actor, Grant, Role, Scope
from reports import ussd_alerts
from reports.figures import Span
from reports.ussd_figures import Cut
from services import rollups

SESSIONS = 1_000_000
DAYS = 30
HOURS_AT_ONCE = 24
SLOWEST_READ_S, SLOWEST_HOUR_S = 1.0, 5.0
MENU = Path(__file__).parents[1] / "channels" / "ussd" / "menus" / "wallet.yaml"
ACTOR = Actor(UUID(int=1), "bench", (Grant(Scope.USSD, Role.OPERATEUR),))

_PLACES = """
insert into flow (id, created_at, key, title) values (%(flow)s, now(), 'wallet', 'wallet');
insert into flow_version (id, created_at, flow_id, number, state, body, checksum, lint, note, authors)
select ('00000000-0000-7000-8000-00000000000' || n)::uuid, now(), %(flow)s, n, 'published', %(body)s, n, '{}', '', '{}'
from generate_series(1, 2) n;
insert into ussd_service (id, created_at, key, name, flow_id, live_version_id, currency, timezone, default_language,
    settings, state, state_text, needs_four_eyes)
select gen_random_uuid(), now(), key, key, %(flow)s, '00000000-0000-7000-8000-000000000002', 'XAF', 'Africa/Douala',
    'fr', '{}', 'live', '{}', false
from unnest(array['wallet', 'other']) key;
insert into ussd_gateway (id, created_at, key, name, profile, country, secret_digests, options, networks,
    has_anonymous_browse, state)
select gen_random_uuid(), now(), 'gateway-' || n, 'Gateway ' || n, 'doc_b', 'CM', '{}', '{}', '{}', false, 'live'
from generate_series(1, 3) n
"""
_SESSIONS = """
with services as (select array_agg(id order by key) as ids from ussd_service),
    gateways as (select array_agg(id order by key) as ids from ussd_gateway)
insert into ussd_session (id, created_at, gateway_id, session_key, generation, phone, service_id, version_id, code,
    network, language, screen, page, visit, data, scratch, transcript_length, secret_positions, turn_number, refusals,
    state, goal, has_committed, conflicts, is_test, last_activity_at, ended_at)
select ('00000000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid, at, gateways.ids[1 + n %% 3], n::text, 1,
    '+2376' || (array['77', '99', '90'])[1 + n %% 3] || lpad((n %% 100000)::text, 6, '0'),
    services.ids[1 + (n %% 5 = 0)::int], ('00000000-0000-7000-8000-00000000000' || 1 + n %% 2)::uuid, '155',
    (array['MTN', 'Orange', ''])[1 + n / 7 %% 3], (array['fr', 'fr', 'en'])[1 + n / 11 %% 3], way[turns], 1, turns,
    '{}', '{}', 0, '{}', turns, 0,
    case when n %% 10 in (3, 4) then 'expired' when n %% 997 = 0 then 'failed' else 'ended' end,
    case when n %% 10 < 3 then 'transfer_done' when n %% 10 < 7 and n %% 10 > 4 then 'balance_shown' else '' end,
    false, 0, false, at + turns * interval '8 seconds', at + turns * interval '8 seconds'
from generate_series(1, %(sessions)s) n, services, gateways,
    lateral (select %(end)s::timestamptz - %(span)s * (n::float / %(sessions)s) as at) times,
    lateral (select case
        when n %% 10 < 3 then array['home', 't_to', 't_amount', 't_confirm', 't_pin', 't_ok']
        when n %% 10 < 5 then (array['home', 't_to', 't_amount', 't_confirm'])[:1 + n / 13 %% 4]
        when n %% 10 < 7 then array['home', 'q_pin', 'q_ok']
        when n %% 10 < 9 then array['home', 't_to', 't_to', 't_amount', 'no_funds']
        else array['welcome', 'r_name', 'r_pin'] end as way) ways,
    lateral (select cardinality(way) as turns) lengths
"""
_TURNS = """
insert into ussd_turn (id, created_at, session_id, number, identity_mac, input_text, screen_before, screen_after,
    response_text, coding, size, has_more, progress, refusal, is_error, answered_at, response_time_us, replays)
select gen_random_uuid(), s.created_at + (k - 1) * interval '8 seconds' * (0.3 + s.turn_number %% 5), s.id, k,
    int4send(k::int), '1', case k when 1 then '' else 'home' end,
    case k when s.turn_number then s.screen else step end, '', 'gsm7', 40,
    k < s.turn_number, 'done', case when k = 3 and s.screen = 'no_funds' then 'unknown' else '' end,
    false, s.created_at + (k - 1) * interval '8 seconds' * (0.3 + s.turn_number %% 5) + interval '12 ms',
    4000 + abs(hashtext(s.session_key || k::text)) %% 30000, 0
from ussd_session s,
    unnest(array['home', 't_to', 't_amount', 't_confirm', 't_pin', 't_ok']) with ordinality as steps (step, k)
where k <= s.turn_number
"""
_PARTITION = """
select sum(started)::int as started, sum(open + completed + ended + dropped + failed)::int as parted,
    (select count(*)::int from ussd_session) as begun
from ussd_figure_cell
"""


def measure(rounds: int, _seconds: float, sessions: int = SESSIONS) -> list[Row]:
    """Make the sessions, roll them up, and read what the pages read over all of them."""
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    with prepared() as ground:
        made_s = _timed(partial(_make, ground.url, end, sessions))
        print(f"  {sessions:,} sessions made in {made_s:.0f} s".replace(",", " "), flush=True)
        database = Database(ground.url, pool_size=2)
        with clock.travel(end + timedelta(minutes=5)):
            hours, rolled_s = _roll_up(database)
            with psycopg.connect(ground.url, autocommit=True) as connection:
                connection.execute("vacuum analyze")
            rows = _read(database, Span(end - timedelta(days=DAYS), end), max(rounds, 3), sessions)
        database.dispose()
    hour_s = rolled_s / hours
    return [_row(f"an hour of {sessions // hours:,} sessions counted anew", hour_s, SLOWEST_HOUR_S), *rows]


def _make(url: str, end: datetime, sessions: int) -> None:
    arguments = {
        "flow": UUID(int=7),
        "body": json.dumps(yaml.safe_load(MENU.read_text(encoding="utf-8"))),
        "sessions": sessions,
        "end": end,
        "span": timedelta(days=DAYS),
    }
    with psycopg.connect(url, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
        for statement in (_PLACES, _SESSIONS, _TURNS):
            connection.execute(statement.encode(), arguments)
        connection.execute("vacuum analyze")


def _roll_up(database: Database) -> tuple[int, float]:
    with database.transaction(statement_timeout_ms=60_000) as session:
        due = rollups.list_due_figures(session)
    begun = time.perf_counter()
    for first in range(0, len(due), HOURS_AT_ONCE):
        with database.transaction(statement_timeout_ms=600_000) as session:
            rollups.count_figures(session, due[first : first + HOURS_AT_ONCE])
    took = time.perf_counter() - begun
    with database.transaction() as session:
        (parts,) = fetch_all(session, _PARTITION)
    assert parts["started"] == parts["begun"] == parts["parted"], parts
    print(f"  {len(due)} hours rolled up in {took:.0f} s", flush=True)
    return len(due), took


def _read(database: Database, span: Span, rounds: int, sessions: int) -> list[Row]:
    wallet, one = Cut(service="wallet"), Cut(service="wallet", gateway="gateway-1", network="MTN", language="fr")
    versions = [f"00000000-0000-7000-8000-00000000000{number}" for number in (1, 2)]
    reads: dict[str, Callable[..., object]] = {
        "funnel, tree and money of a goal, all cells": partial(_journey, span=span, cut=wallet),
        "the same, one gateway, network and language": partial(_journey, span=span, cut=one),
        "cut by version": lambda session: journeys.list_slices(session, ACTOR, span, wallet, "version"),
        "cut by day": lambda session: journeys.list_slices(session, ACTOR, span, wallet, "day"),
        "what may be chosen": lambda session: journeys.get_choices(session, ACTOR, span, "wallet"),
        "two versions beside each other": lambda session: journeys.compare_versions(
            session, ACTOR, span, wallet, versions, "transfer_done"
        ),
        "alerts": lambda session: ussd_alerts.list_alerts(session, ACTOR),
    }
    rows = []
    for name, read in reads.items():
        samples = []
        for _ in range(rounds):
            with database.transaction(statement_timeout_ms=60_000) as session:
                samples.append(_timed(partial(read, session)))
        rows.append(_row(f"{name}, {sessions:,} sessions in {DAYS} days", median(samples), SLOWEST_READ_S))
        print(f"  {name}: {median(samples):.3f} s", flush=True)
    return rows


def _journey(session: object, span: Span, cut: Cut) -> object:
    return journeys.get_journey(session, ACTOR, span, cut, "transfer_done")  # type: ignore[arg-type]


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _row(name: str, taken_s: float, target_s: float) -> Row:
    return Row(
        name=name.replace(",", "\N{NO-BREAK SPACE}") if name.startswith("an hour") else name,
        figure=f"{taken_s:.2f} s",
        yardstick="–",
        ratio="–",
        target=f"≤ {target_s:.0f} s",
        own_cpu="",
        database_cpu="",
        holds=taken_s <= target_s,
    )
