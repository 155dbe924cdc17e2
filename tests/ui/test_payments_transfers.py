"""Transfers on the screen: the list, what narrows it, and who may open it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from core import clock
from core.database import Database
from core.permissions import Role, Scope
from models.transfers import Transfer
from tests.builders import transfer_rows as payments
from tests.ui.conftest import signed_in
from tests.ui.hands import narrow, rows
from ui.labels import NO_BREAK

THIN = "\N{NARROW NO-BREAK SPACE}"
CFA = f"{NO_BREAK}F{NO_BREAK}CFA"
MINUS = "\N{MINUS SIGN}"


@pytest.fixture
def sent(house: Database) -> dict[str, Transfer]:
    """One transfer in every state over nine minutes, and a payout of 12 000 that succeeded yesterday."""
    now = clock.now()
    with house.transaction() as session:
        mtn = payments.account(session)
        found = payments.one_of_each(session, mtn, now - timedelta(minutes=20))
        yesterday: datetime = now - timedelta(days=1)
        found["payout"] = payments.transfer(
            session, mtn, minor=12_000, at=yesterday, direction="payout", purpose="wallet_withdrawal"
        )
        return found


def operator(house: Database) -> str:
    return signed_in(house, "Inès Quenum", Scope.USSD, Role.OPERATEUR)


async def test_every_transfer_is_in_the_list_newest_first_and_leads_to_its_page(
    open_console: Any, house: Database, sent: dict[str, Transfer]
) -> None:
    async with open_console(operator(house)) as user:
        await user.open("/paiements")
        found = await rows(user, 10)
        states = [row["state"]["word"] for row in found]
        assert states == [
            "Revenu", "Annulé", "Expiré", "Échoué", "Réussi", "Sort inconnu", "En cours", "Envoyé", "À envoyer",
            "Réussi",
        ]  # fmt: skip
        failed, payout = found[3], found[9]
        assert failed["age"] == "solde insuffisant"
        assert failed["party"] == "+22901****01"
        assert failed["amount"] == f"5{THIN}000{CFA}"
        assert payout["amount"] == f"{MINUS}12{THIN}000{CFA}"
        assert payout["direction"] == "Versement"
        assert payout["_href"] == f"/paiements/transferts/{sent['payout'].id}"
        assert found[5]["age"].startswith("depuis ")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("État", "unknown", ["unknown"]),
        ("Sens", "payout", ["payout"]),
        ("Référence ou numéro", "+229 01 66 00 00 02", []),
    ],
)
async def test_a_filter_keeps_what_it_says(
    open_console: Any, house: Database, sent: dict[str, Transfer], name: str, value: str, expected: list[str]
) -> None:
    async with open_console(operator(house)) as user:
        await user.open("/paiements")
        await rows(user, 10)
        narrow(user, name, value)
        found = await rows(user, len(expected))
        assert [row["id"] for row in found] == [str(sent[key].id) for key in expected]


@pytest.mark.parametrize("typed", ["whole", "beginning", "provider", "id", "number"])
async def test_a_transfer_is_found_by_what_people_have_in_hand(
    open_console: Any, house: Database, sent: dict[str, Transfer], typed: str
) -> None:
    with house.transaction() as session:
        other = payments.account(session, "wave-sn", label="Wave Sénégal", adapter="wave")
        wanted = payments.transfer(session, other, provider_ref="pt-185sewgm8100t", party_phone="+221770000099")
    texts = {
        "whole": wanted.reference.lower(),
        "beginning": f"{wanted.reference[:4]} {wanted.reference[4:8]}",
        "provider": "pt-185sewgm8100t",
        "id": str(wanted.external_id),
        "number": "77 000 00 99",
    }
    assert len(sent) == 10
    async with open_console(operator(house)) as user:
        await user.open("/paiements")
        await rows(user, 11)
        narrow(user, "Référence ou numéro", texts[typed])
        assert [row["id"] for row in await rows(user, 1)] == [str(wanted.id)]


async def test_transfers_are_not_for_who_has_no_right_to_payments(open_console: Any, house: Database) -> None:
    async with open_console(signed_in(house, "Kossi Adjovi", Scope.CIU, Role.OPERATEUR)) as user:
        assert (await user.http_client.get("/paiements")).status_code == 403
