"""What a text shows and a condition sees: languages, folding, maxima, filters."""

import json
from typing import Any

import pytest
import structlog

from channels.flow import parse_flow
from core.gsm7 import Limits
from tests.channels.fakes import Phone, World
from tests.channels.phones import WALLET, menu, reply_of, small, wallet


def test_a_missing_language_falls_back_to_the_default_one_everywhere() -> None:
    phone = wallet(language="en")
    phone.dial()
    assert phone.answer("x").startswith("Choix invalide.\nPerfectPay")
    assert phone.walk("9").endswith("0. Retour")


def test_a_name_no_phone_can_show_is_replaced_by_the_masked_number() -> None:
    phone = wallet()
    phone.world.facts["subscribers"][1]["name"] = "محمد"
    assert phone.dial("1", "677000002") == "Montant à envoyer à +23767****02:"


def test_values_are_folded_and_cut_at_their_maximum_and_kept_whole() -> None:
    phone = wallet()
    name = "Bénédicte-Françoise d'Ø Ngô"
    phone.world.facts["subscribers"][1]["name"] = name
    assert phone.dial("1", "677000002") == "Montant à envoyer à Bénédicte-Francoise:"
    assert phone.dialogue.data["to_name"] == name


def test_a_name_that_looks_like_a_placeholder_is_only_a_name() -> None:
    phone = wallet()
    phone.world.facts["subscribers"][1]["name"] = "{balance|money}"
    assert phone.dial("1", "677000002") == "Montant à envoyer à {balance|money}:"


def test_a_screen_that_is_too_long_is_cut_at_a_word_and_raises_an_alert() -> None:
    body = json.loads(WALLET.model_dump_json(by_alias=True, exclude_none=True))
    body["screens"]["t_confirm"]["text"] = "Envoyer de l'argent à votre correspondant " * 4
    phone = Phone(parse_flow(body), World.fresh())
    with structlog.testing.capture_logs() as logs:
        text = phone.dial("1", "677000002", "5000")
    assert "Montant: 5 000 FCFA\nFrais: 50 FCFA\nTotal: 5 050 FCFA\n1. Confirmer\n0. Annuler" in text
    assert reply_of(phone).size <= 156
    assert {entry["event"] for entry in logs} == {"flow.text_cut"}


def test_a_service_in_ucs2_counts_in_its_own_units() -> None:
    phone = small({"one": menu("أهلا", "done")})
    phone.settings["fold"] = False
    phone.extra["limits"] = Limits(gsm7=156, ucs2=66)
    phone.dial()
    assert (reply_of(phone).coding, reply_of(phone).size) == ("ucs2", len("أهلا\n1. Choix 1"))


CONDITIONS: list[tuple[dict[str, Any], bool]] = [
    ({"var": "caller.role", "op": "eq", "value": "client"}, True),
    ({"var": "caller.role", "op": "ne", "value": "client"}, False),
    ({"var": "caller.role", "op": "in", "value": ["agent", "client"]}, True),
    ({"var": "amount", "op": "ge", "value": 500}, True),
    ({"var": "amount", "op": "lt", "value": 500}, False),
    ({"var": "amount", "op": "gt", "value": "500"}, False),
    ({"var": "amount", "op": "le", "value": "$amount"}, True),
    ({"var": "nothing", "op": "exists"}, False),
    ({"var": "nothing", "op": "exists", "value": False}, True),
    ({"var": "setting.is_open", "op": "eq", "value": True}, True),
    ({"all": [{"var": "amount", "op": "exists"}, {"var": "nothing", "op": "exists"}]}, False),
    ({"any": [{"var": "amount", "op": "exists"}, {"var": "nothing", "op": "exists"}]}, True),
    ({"not": {"var": "amount", "op": "exists"}}, False),
]


@pytest.mark.parametrize(("condition", "holds"), CONDITIONS, ids=range(len(CONDITIONS)))
def test_conditions(condition: dict[str, Any], *, holds: bool) -> None:
    rules = {"one": {"kind": "route", "rules": [{"if": condition, "to": "true"}], "else": "done"}}
    phone = small({**rules, "true": {"kind": "end", "text": "Vrai."}})
    phone.settings["is_open"] = True
    phone.dialogue.data["amount"] = 500
    assert phone.dial() == ("Vrai." if holds else "Fin.")


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ("{sum|money}", "12 500 FCFA"),
        ("{who|phone}", "677000002"),
        ("{far|phone}", "+221771234567"),
        ("{who|masked}", "+23767****02"),
        ("{day|date}", "21/11/2026"),
        ("{hour|time}", "15:05"),
        ("{word|upper}", "SRV-A"),
        ("{nothing}", ""),
    ],
)
def test_filters(shown: str, expected: str) -> None:
    phone = small({"one": menu(f"<{shown}>", "done")})
    phone.dialogue.data.update(
        sum=12_500,
        who="+237677000002",
        far="+221771234567",
        day="2026-11-21",
        hour="2026-11-21T14:05:00+00:00",
        word="srv-a",
    )
    assert phone.dial().startswith(f"<{expected}>")
