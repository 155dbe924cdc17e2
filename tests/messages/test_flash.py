"""A screen that the network shows by itself: to whose phone, how long, when never, and who is told that it was seen."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_from_bytes
from uuid import UUID

import httpx
import pytest

from channels.ussd import gateways, recorder
from core import clock
from core.database import driver
from core.permissions import SYSTEM
from core.phone import issued_prefixes, issuer_of
from core.security import digest_token
from models.messages import Channel
from models.ussd import UssdGateway
from providers.messaging import kannel, mtn_madapi
from providers.messaging.answers import Outgoing, Refused, Sent
from providers.wire import Wire
from services import messages, provider_accounts
from services.messages import preferences, suppressions
from services.messages.flash import confirm, reach
from services.messages.outbox import OutgoingMessage
from services.provider_accounts import EditAccount, PauseAccount
from tests.messages.house import House

MTN, MOOV, CELTIIS = "+2290197000500", "+2290195000500", "+2290140000500"
SECRET = "u" * 40
NIGHT = datetime(2026, 11, 21, 22, 0, tzinfo=UTC)


def flash(house: House, key: str = "a", address: str = MTN, text: str = "Le bureau ferme à 15 h.", **more: Any) -> UUID:
    """Write an information to show at once; where it cannot be, an SMS follows."""
    given: dict[str, Any] = {
        "type": "information",
        "template_code": "information",
        "channel": Channel.USSD,
        "address": address,
        "variables": {"texte": text},
        "priority": 3,
        "next_channels": (Channel.SMS,),
    }
    return house.write(key, **(given | more))


def by_sms(house: House) -> list[str]:
    return [letter.to for letter in house.letters() if letter.adapter == "kannel"]


def by_screen(house: House) -> list[str]:
    return [letter.to for letter in house.letters() if letter.adapter in {"mtn_madapi", "kannel_ussd"}]


@pytest.fixture
def link(house: House) -> Iterator[House]:
    """Give the house with the gateway of Kannel's USSD link, to which phones confirm."""
    with house.database.transaction() as session:
        session.add(
            UssdGateway(
                key="kannel-ussd",
                name="Kannel",
                profile="kannel_ussd",
                country="BJ",
                secret_digests=[digest_token(SECRET)],
            )
        )
    gateways.forget()
    house.fakes.kernel.configure(callbacks={"kannel_ussd": f"{house.address}/g/kannel-ussd/{SECRET}"})
    yield house
    gateways.forget()


# Who shows what


def test_each_phone_is_shown_it_by_its_own_network_and_by_nobody_elses(house: House) -> None:
    found = {flash(house, number, number): number for number in (MTN, MOOV)}
    house.send()
    assert {house.state(one) for one in found} == {"sent"}
    assert {letter.to: letter.adapter for letter in house.letters()} == {MTN: "mtn_madapi", MOOV: "kannel_ussd"}
    assert [letter.subject for letter in house.letters(MTN)] == ["155"]
    assert by_sms(house) == []


def test_a_network_that_cannot_leaves_it_to_one_sms(house: House) -> None:
    message = flash(house, address=CELTIIS)
    house.send()
    assert (house.state(message), house.message(message)["error_code"]) == ("failed", "no_route")
    assert (by_sms(house), by_screen(house)) == ([CELTIIS], [])


def test_who_can_be_reached_is_what_the_accounts_say(house: House) -> None:
    with house.database.transaction() as session:
        found = reach(session)
    assert found.networks == {"MTN": frozenset(), "Moov": frozenset(), "Orange": frozenset()}
    assert [found.holds(number) for number in (MTN, MOOV, CELTIIS, "+237677000002", "+237662000002")] == [
        True, True, False, True, False
    ]  # fmt: skip
    house.route("ussd")
    house.route_in("CM", "ussd", "mtn_madapi")
    with house.database.transaction() as session:
        here = reach(session)
        provider_accounts.pause_account(
            session, SYSTEM, PauseAccount(account_id=house.accounts["mtn_madapi"], reason="essai")
        )
        paused = reach(session)
    assert here.networks == {"MTN": frozenset({"CM"})}
    assert [here.holds(number) for number in (MTN, "+237677000002", "+237699000001")] == [False, True, False]
    assert (paused.networks, paused.holds("+237677000002")) == ({}, False)


def test_a_longer_prefix_of_another_network_is_not_ours(house: House) -> None:
    settings = {"service_code": "155", "networks": "Orange"}
    with house.database.transaction() as session:
        order = EditAccount(account_id=house.accounts["mtn_madapi"], settings=settings)
        provider_accounts.edit_account(session, SYSTEM, order)
        found = reach(session)
    for prefix, network in issued_prefixes().items():
        phone = prefix.ljust(9, "0")
        assert found.holds(phone) == (issuer_of(phone) in {"Orange", "Moov"}), (prefix, network)


# Who never sees it, and when


def test_who_wants_no_sms_is_shown_nothing_and_gets_no_sms(house: House) -> None:
    with house.database.transaction() as session:
        suppressions.suppress(session, Channel.SMS, MTN, "stop")
    message = flash(house)
    house.send()
    assert house.state(message) == "suppressed"
    assert (by_screen(house), by_sms(house)) == ([], [])


def test_who_switched_such_sms_off_is_shown_nothing(house: House) -> None:
    person = house.person(MTN)
    with house.database.transaction() as session:
        driver(session).execute(
            "insert into message_preference (id, created_at, user_id, type, channel, is_on)"
            " values (gen_random_uuid(), now(), %s, 'information', 'sms', false)",
            (person,),
        )
        assert not preferences.is_wanted(session, person, "information", Channel.USSD)
    message = flash(house, recipient_id=person)
    house.send()
    assert (house.state(message), by_screen(house), by_sms(house)) == ("cancelled", [], [])


def test_at_night_it_waits_for_the_morning(house: House) -> None:
    with clock.travel(NIGHT):
        message = flash(house)
        house.send()
        assert (house.state(message), by_screen(house)) == ("queued", [])
        waits_until = house.message(message)["not_before"]
    assert datetime(2026, 11, 22, 6, 0, tzinfo=UTC) <= waits_until < datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
    with clock.travel(waits_until):
        house.send()
    assert by_screen(house) == [MTN]


def test_three_a_day_count_screens_and_sms_together(house: House) -> None:
    for n in range(4):
        flash(house, f"{n}")
    house.send()
    assert by_screen(house) == [MTN] * 3


def test_no_secret_is_ever_written_for_a_screen(house: House) -> None:
    order = OutgoingMessage(
        dedupe_key="code",
        type="code_verification",
        channel=Channel.USSD,
        address=MTN,
        template_code="code_verification",
        variables={"minutes": 5},
        secrets={"code": "482913"},
    )
    with house.database.transaction() as session, pytest.raises(ValueError, match="no secret"):
        messages.enqueue(session, order)
    assert house.rows("select count(*) as n from message") == [{"n": 0}]


# What becomes of it


def test_the_same_message_is_pushed_once(house: House) -> None:
    first = flash(house)
    assert flash(house) == first
    house.send()
    house.send()
    house.wait(86_400)
    house.send()
    assert (by_screen(house), by_sms(house)) == ([MTN], [])


@pytest.mark.parametrize(("code", "screens"), [("001", 0), ("003", 1)])
def test_what_nobody_knows_the_end_of_is_not_pushed_again_nor_sent_by_sms(
    house: House, code: str, screens: int
) -> None:
    for adapter, number in (("mtn_madapi", MTN), ("kannel_ussd", MOOV)):
        house.fakes.kernel.chooser.queue(adapter, code)
        message = flash(house, number, number)
        house.send()
        house.wait(600)
        house.send()
        assert house.state(message) == "unknown"
        assert len(house.letters(number)) == screens
    assert by_sms(house) == []


def test_a_phone_the_network_does_not_know_gets_the_sms(house: House) -> None:
    message = flash(house, address="+2290197000015")
    house.send()
    assert (house.state(message), house.message(message)["error_code"]) == ("failed", "4004")
    assert by_screen(house) == []
    assert len(house.rows("select 1 from message where fallback_of_id = %s and channel = 'sms'", (message,))) == 1


def test_a_centre_that_refuses_it_leaves_it_to_the_sms(link: House) -> None:
    link.fakes.kernel.chooser.queue("kannel_ussd", "014")
    message = flash(link, address=MOOV)
    link.send()
    link.wait(2)
    link.send()
    assert link.state(message) == "undelivered"
    assert len(link.rows("select 1 from message where fallback_of_id = %s and channel = 'sms'", (message,))) == 1


# The phone's own word


def test_a_confirm_of_the_phone_is_a_report_and_no_turn(link: House) -> None:
    message = flash(link, address=MOOV)
    link.send()
    assert link.state(message) == "sent"
    link.wait(2)
    assert link.state(message) == "delivered"
    assert link.rows("select count(*) as n from ussd_session") == [{"n": 0}]
    assert link.rows("select count(*) as n from ussd_turn") == [{"n": 0}]
    recorder.flush()
    assert [row["outcome"] for row in link.rows("select outcome from wire_record")] == ["shown"]


def knock(house: House, phone: str, sess: bytes | None, key: str = "1") -> httpx.Response:
    own = "" if sess is None else f"&sess={quote_from_bytes(sess)}"
    told = f"from=%2B{phone[1:]}&to=*155%23&text=&id={key}&epoch={int(clock.now().timestamp())}&op=%13{own}"
    return httpx.get(f"{house.address}/g/kannel-ussd/{SECRET}?{told}")


def test_only_the_octet_of_the_message_confirms_it_and_only_once(link: House) -> None:
    link.fakes.kernel.callbacks.pop("kannel_ussd")
    message = flash(link, address=MOOV)
    link.send()
    octet = message.bytes[-1]
    for wrong in (bytes([octet ^ 1, 0]), bytes([octet ^ 1, 1])):
        answer = knock(link, MOOV, wrong)
        assert (answer.status_code, answer.content) == (200, b"")
    assert knock(link, "+2290195000501", bytes([octet, 0])).status_code == 200
    assert link.state(message) == "sent"
    for n in range(3):
        answer = knock(link, MOOV, bytes([octet, 1]), f"{n}")  # even with the bit that ends a dialogue
        assert (answer.status_code, answer.content) == (200, b"")
    assert link.state(message) == "delivered"
    steps = link.rows("select state from message_event where message_id = %s", (message,))
    assert [step["state"] for step in steps].count("delivered") == 1
    assert link.rows("select count(*) as n from ussd_session") == [{"n": 0}]


def test_a_confirm_without_its_session_is_that_of_the_last_screen_and_an_old_one_is_nobodys(link: House) -> None:
    link.fakes.kernel.callbacks.pop("kannel_ussd")
    message = flash(link, address=MOOV)
    link.send()
    link.wait(601)
    with link.database.transaction() as session:
        assert not confirm(session, MOOV, None)
    later = flash(link, "b", address=MOOV)
    link.send()
    knock(link, MOOV, None)
    assert [link.state(one) for one in (message, later)] == ["sent", "delivered"]


# On the wire


def outgoing(house: House, adapter: str, text: str, **settings: Any) -> Outgoing:
    with house.database.transaction() as session:
        account = provider_accounts.view(session, house.accounts[adapter])
    account = replace(account, settings={**account.settings, **settings})
    return Outgoing(account, UUID(int=0x42), MTN, text, report_url="http://127.0.0.1/g/x/y?mid=z")


@pytest.mark.parametrize(("adapter", "sender"), [("mtn_madapi", mtn_madapi.ADAPTER), ("kannel_ussd", kannel.USSD)])
def test_one_screen_and_not_a_sign_more(house: House, adapter: str, sender: Any) -> None:
    wire = Wire()
    assert isinstance(sender.send(outgoing(house, adapter, "x" * 182), wire), Sent)
    assert isinstance(sender.send(outgoing(house, adapter, "ɛ" * 80), wire), Sent)
    for text in ("", "x" * 183, "€" * 92, "ɛ" * 81):
        assert sender.send(outgoing(house, adapter, text), wire) == Refused("too_long")
    assert len(house.letters()) == 2


def test_a_screen_never_leaves_by_the_link_of_sms(house: House) -> None:
    answer = kannel.USSD.send(outgoing(house, "kannel_ussd", "Bonjour", smsc=""), Wire())
    assert answer == Refused("unknown_smsc", "configuration")
    assert house.letters() == []


def test_both_are_probed_without_ringing_anybody(house: House) -> None:
    for adapter, sender in (("mtn_madapi", mtn_madapi.ADAPTER), ("kannel_ussd", kannel.USSD)):
        assert sender.probe(outgoing(house, adapter, "x").account, Wire())
    house.fakes.kernel.configure(secrets={name: {key: "other"} for name, key in (
        ("mtn_madapi", "api_key"), ("kannel_ussd", "password")
    )})  # fmt: skip
    for adapter, sender in (("mtn_madapi", mtn_madapi.ADAPTER), ("kannel_ussd", kannel.USSD)):
        assert not sender.probe(outgoing(house, adapter, "x").account, Wire())
    assert house.letters() == []
