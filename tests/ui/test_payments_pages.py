"""One transfer, the health of providers and the callbacks on the screen, for who acts and for who only reads."""

from datetime import timedelta
from typing import Any

import pytest
from nicegui import ui

from core import clock
from core.database import Database
from core.permissions import Role, Scope
from models.inbox import InboundEvent
from models.transfers import Transfer
from tests.builders import transfer_rows as transfers
from tests.ui.conftest import signed_in
from tests.ui.hands import field, narrow, open_row, press, rows, shown, stored

MINUTE = timedelta(minutes=1)


def operator(house: Database) -> str:
    return signed_in(house, "Inès Quenum", Scope.USSD, Role.OPERATEUR)


def reader(house: Database) -> str:
    return signed_in(house, "Yao Kouassi", Scope.USSD, Role.LECTEUR)


@pytest.fixture
def pending(house: Database) -> Transfer:
    """A collect of 5 000 that waits on the payer's phone, one call made and one callback received."""
    with house.transaction() as session:
        mtn = transfers.account(session)
        row = transfers.transfer(session, mtn, "pending", reads=3, provider_ref="9f1c-77")
        transfers.attempt(session, row, "collect", request='{"amount": "5000"}', response='{"status": "PENDING"}')
        transfers.callback(session, mtn, row, claimed_state="PENDING")
        return row


async def test_a_transfer_shows_its_course_its_exchanges_and_its_callbacks(
    open_console: Any, house: Database, pending: Transfer
) -> None:
    async with open_console(operator(house)) as user:
        await user.open(f"/paiements/transferts/{pending.id}")
        for text in (
            "En cours",
            "Demandé",
            "+22901****01",
            "HTTP 202 · 500 ms · accepté",
            "9f1c-77",
            pending.reference,
        ):
            await user.should_see(text)
        for text in ("{&quot;amount&quot;", "PENDING", "Adresse secrète", "Rien n’a été écrit au grand livre."):
            await user.should_see(text)
        await user.should_not_see("0166000001")


async def test_asking_now_says_what_it_does_and_plans_a_read(
    open_console: Any, house: Database, pending: Transfer
) -> None:
    async with open_console(operator(house)) as user:
        await user.open(f"/paiements/transferts/{pending.id}")
        press(user, "Interroger maintenant")
        await user.should_see("Rien n’est renvoyé, rien n’est payé une deuxième fois.")
        before = stored(house, "select next_read_at from transfer where id = %s", pending.id)["next_read_at"]
        assert before > clock.now() + MINUTE
        press(user, "Interroger MTN Bénin")
        await user.should_see("La question part", retries=20)
    after = stored(house, "select next_read_at, state from transfer where id = %s", pending.id)
    assert after["next_read_at"] <= clock.now()
    assert after["state"] == "pending"


async def test_a_transfer_that_has_not_left_is_cancelled_with_a_reason(open_console: Any, house: Database) -> None:
    with house.transaction() as session:
        row = transfers.transfer(session, transfers.account(session), "created")
    async with open_console(operator(house)) as user:
        await user.open(f"/paiements/transferts/{row.id}")
        await user.should_not_see("Interroger maintenant")
        press(user, "Annuler le transfert")
        await user.should_see("ce qui était réservé est rendu")
        field(user, "Motif").value = "Demandé deux fois"
        act = next(one.text for one in shown(user, ui.button) if one.text and one.text.startswith("Annuler 5"))
        press(user, act)
        await user.should_see("rien n’était parti", retries=20)
    found = stored(house, "select detail, actor from transfer_event where to_state = 'cancelled'")
    assert found == {"detail": "Demandé deux fois", "actor": "Inès Quenum"}


async def test_a_reader_sees_neither_exchanges_nor_acts(open_console: Any, house: Database, pending: Transfer) -> None:
    async with open_console(reader(house)) as user:
        await user.open(f"/paiements/transferts/{pending.id}")
        await user.should_see("Le contenu des échanges n’est pas ouvert à votre rôle.")
        await user.should_not_see("{&quot;amount&quot;")
        assert [one.text for one in shown(user, ui.button) if one.text in {"Interroger maintenant", "Rembourser"}] == []


async def test_an_unknown_or_malformed_id_is_not_found(open_console: Any, house: Database) -> None:
    async with open_console(operator(house)) as user:
        assert (await user.http_client.get("/paiements/transferts/rien")).status_code == 404


async def test_health_writes_rates_with_what_they_were_counted_from(open_console: Any, house: Database) -> None:
    with house.transaction() as session:
        mtn = transfers.account(session)
        wave = transfers.account(session, "wave-sn", label="Wave Sénégal", adapter="wave", environment="sandbox")
        moov = transfers.account(session, "moov-bj", label="Moov", adapter="moov")
        transfers.transfer(session, moov, "pending", at=clock.now() - MINUTE)
        for number, state in enumerate(("succeeded", "succeeded", "failed", "pending")):
            transfers.transfer(session, mtn, state, at=clock.now() - (5 + number) * MINUTE)
    async with open_console(reader(house)) as user:
        await user.open("/paiements/sante")
        for text in ("66,7\u00a0%", "2\u00a0sur\u00a03", "10\u00a0s", "0,0\u00a0%", "0\u00a0sur\u00a04", "En service"):
            await user.should_see(text)
        for text in (">–</span>", "0\u00a0sur\u00a00", "Sans trafic depuis 24 heures", wave.label, "Bac à sable"):
            await user.should_see(text)


@pytest.fixture
def called(house: Database, pending: Transfer) -> InboundEvent:
    """A second callback, refused, with a full number and a secret in its body and its address."""
    with house.transaction() as session:
        mtn = session.get(type(transfers.account(session, "other")), pending.account_id)
        assert mtn is not None
        return transfers.callback(
            session,
            mtn,
            pending,
            is_accepted=False,
            authenticity="none",
            outcome="refused",
            body=b'{"pin": "4821", "msisdn": "2290166000001"}',
        )


async def test_callbacks_are_listed_narrowed_and_shown_masked(
    open_console: Any, house: Database, called: InboundEvent
) -> None:
    async with open_console(operator(house)) as user:
        await user.open("/paiements/rappels")
        found = await rows(user, 2)
        assert sorted(row["outcome"] for row in found) == ["Lecture demandée", "Refusé"]
        narrow(user, "Suite", "refused")
        assert [row["id"] for row in await rows(user, 1)] == [str(called.id)]
        open_row(user, str(called.id))
        await user.should_see("Corps, numéros masqués", retries=20)
        for secret in ("4821", "2290166000001", "0166000001"):
            await user.should_not_see(secret)


async def test_replaying_asks_and_stores_nothing(open_console: Any, house: Database, pending: Transfer) -> None:
    heard = stored(house, "select id, transfer_id from inbound_event")
    async with open_console(operator(house)) as user:
        await user.open(f"/paiements/rappels?rappel={heard['id']}")
        await user.should_see("Corps, numéros masqués", retries=20)
        press(user, "Rejouer")
        await user.should_see("Rien n’est enregistré une deuxième fois")
        press(user, "Interroger l’opérateur")
        await user.should_see("La question part", retries=20)
    assert stored(house, "select count(*) as n from inbound_event")["n"] == 1
    read_at = stored(house, "select next_read_at from transfer where id = %s", pending.id)["next_read_at"]
    assert read_at <= clock.now()


async def test_a_reader_sees_that_callbacks_came_but_not_what_they_said(
    open_console: Any, house: Database, called: InboundEvent
) -> None:
    async with open_console(reader(house)) as user:
        await user.open("/paiements/rappels")
        found = await rows(user, 2)
        assert {row["_opens"] for row in found} == {False}
        await user.open(f"/paiements/rappels?rappel={called.id}")
        await rows(user, 2)
        await user.should_not_see("Corps, numéros masqués")
