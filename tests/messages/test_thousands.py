"""Thousands of messages over four networks that misbehave: nobody gets one twice, none is forgotten."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from jobs import messages as job
from models.messages import Channel
from providers.fakes.behaviour import CODES
from services import messages
from services.messages.outbox import OutgoingMessage
from services.provider_accounts import probing
from tests.messages.house import House, sms

NETWORKS = (
    ("kannel", Channel.SMS, "BJ", "+22901970{:05}"),
    ("africas_talking", Channel.SMS, "SN", "+2217712{:05}"),
    ("twilio_sms", Channel.SMS, "CI", "+22507081{:05}"),
    ("meta_whatsapp", Channel.WHATSAPP, "CM", "+2376771{:05}"),
)
# Half of all messages go well; the rest meets every misbehaviour, what stops a whole account less often.
MIX = {code: 5 if code in {"020", "026"} else 25 for code in CODES if code not in {"000", "011"}}
MOST_ROUNDS = 400


def message(n: int) -> OutgoingMessage:
    _, channel, _, shape = NETWORKS[n % len(NETWORKS)]
    changes = {"channel": channel, "address": shape.format(n), "variables": {"minutes": n % 100}}
    if n % 3 == 0:
        texts = {"tontine": f"Amies {n}", "amende": "500 FCFA", "motif": "retard"}
        changes |= {"type": "penalite", "template_code": "penalite", "variables": texts}
    return sms(f"n:{n}", **changes)


@pytest.mark.parametrize("many", [200, pytest.param(5_000, marks=pytest.mark.slow)])
def test_each_is_sent_at_most_once_whatever_networks_do(house: House, many: int) -> None:
    for channel in (Channel.SMS, Channel.WHATSAPP):
        house.route(channel)
    for adapter, channel, country, _ in NETWORKS:
        house.route_in(country, channel, adapter)
    house.fakes.kernel.reset("7", MIX)
    for first in range(0, many, 500):
        with house.database.transaction() as session:
            messages.enqueue_many(session, [message(n) for n in range(first, min(first + 500, many))])

    with ThreadPoolExecutor(4) as pool:
        for _ in range(MOST_ROUNDS):
            while sum(pool.map(job.send_due, [house.database] * 4)):
                pass
            house.wait(61)
            job.work(Event())
            probing.probe_due(house.database)
            if not house.rows("select 1 from message where state = 'queued' or next_try_at is not null limit 1"):
                break

    rows = house.rows(
        "select id, dedupe_key, address, body, template_code, state, tries, provider_message_id from message"
    )
    assert len(rows) == many
    arrived = Counter(letter.to for letter in house.letters())
    for row in rows:
        most = 2 if row["template_code"] == "pin_bloque" else 1
        assert arrived[row["address"]] <= most, row["dedupe_key"]
    twice = sum(count == 2 for count in arrived.values())
    states = Counter(row["state"] for row in rows)
    assert set(states) <= {"sent", "delivered", "undelivered", "failed", "unknown"}, states
    assert states["delivered"] > many // 2
    assert twice < many // 10
    # Whoever was told that it left, or that it arrived, was told the truth.
    assert all(arrived[row["address"]] for row in rows if row["state"] == "delivered")
    reached = sum(1 for row in rows if arrived[row["address"]])
    assert reached > many * 7 // 10
