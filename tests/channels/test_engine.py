"""What the engine promises, screen by screen, on small menus and on the documented ones."""

import json
from typing import Any
from uuid import uuid4

import pytest
import structlog

from channels.actions import ResumePoint, UnseenResult
from channels.dialogue import DOTS, Dialogue, FlowDefectError, Reply
from channels.flow import Flow, parse_flow
from core.gsm7 import Limits
from tests.channels.fakes import FLOWS, Phone, World

WALLET, SERVICE = FLOWS["wallet"], FLOWS["service"]
PIN = "48213"


def wallet(**parts: Any) -> Phone:
    return Phone(WALLET, World.fresh(), **parts)


def flow(screens: dict[str, Any], **parts: Any) -> Flow:
    """Return a small flow that begins at its first screen."""
    head = {"flow": "small", "languages": ["fr"], "default_language": "fr", "entry": next(iter(screens))}
    return parse_flow({**head, "screens": screens, **parts})


def menu(text: str, *to: str, **parts: Any) -> dict[str, Any]:
    options = [{"key": str(at), "label": f"Choix {at}", "to": target} for at, target in enumerate(to, start=1)]
    return {"kind": "menu", "text": text, "options": options, **parts}


def small(screens: dict[str, Any], **parts: Any) -> Phone:
    return Phone(flow({**screens, "done": {"kind": "end", "text": "Fin."}}, **parts), World.fresh())


def reply_of(phone: Phone) -> Reply:
    assert phone.reply is not None
    return phone.reply


# What is dialled behind the code


def test_what_is_dialled_is_answered_one_by_one() -> None:
    phone = wallet()
    assert phone.dial("1", "677000002") == "Montant à envoyer à Jean Nkolo:"
    assert reply_of(phone).consumed == (False, False)
    assert reply_of(phone).redacted == "1*677000002"


@pytest.mark.parametrize(
    ("dialled", "screen", "used"),
    [
        (("6", PIN), "q_pin", "6"),
        (("1", "677000002", "5000", "1", PIN), "t_confirm", "1*677000002*5000"),
        (("1", "12", "677000002"), "t_to", "1*12"),
        (("7", "1"), "m_code", "7*1"),
    ],
    ids=["secret", "confirmation", "refused number", "refused code"],
)
def test_a_dialled_queue_stops_and_the_rest_is_never_read(dialled: tuple[str, ...], screen: str, used: str) -> None:
    phone = wallet()
    phone.dial(*dialled)
    assert (phone.dialogue.screen, reply_of(phone).redacted) == (screen, used)
    assert PIN not in json.dumps([phone.dialogue.data, phone.dialogue.scratch])
    assert phone.slow_steps == 0


def test_a_dialled_queue_stops_at_an_end() -> None:
    phone = Phone(SERVICE, World.fresh())
    assert phone.dial("1", "2", "3") == "Votre solde est de 10 000 FCFA"
    assert (phone.is_over, reply_of(phone).redacted) == (True, "1")


@pytest.mark.parametrize(
    ("text", "screen", "used"),
    [("", "home", ""), ("1", "t_to", "1"), ("4", "home", ""), ("bonjour", "home", ""), (PIN, "home", "")],
    ids=["empty", "a choice", "a hidden choice", "a greeting", "a late PIN"],
)
def test_a_first_message_counts_only_if_it_is_a_choice(text: str, screen: str, used: str) -> None:
    phone = wallet()
    phone.type_first(text)
    assert (phone.dialogue.screen, reply_of(phone).refusal, reply_of(phone).redacted) == (screen, "", used)


# Movements


def test_zero_goes_back_only_where_the_screen_shows_it() -> None:
    phone = wallet()
    phone.dial()
    assert phone.walk("9", "0").startswith("PerfectPay\n1. Transfert")
    assert phone.walk("1", "0") == "Numéro invalide.\nEntrez le numéro du bénéficiaire"
    phone = wallet()
    phone.dial()
    assert phone.answer("0").startswith("Choix invalide.\nPerfectPay")
    assert phone.answer("98").startswith("Choix invalide.\nPerfectPay")


def test_home_goes_to_the_entry_from_any_depth() -> None:
    phone = small(
        {
            "one": menu("Un", "two"),
            "two": {
                "kind": "input",
                "type": "text",
                "var": "word",
                "text": "Mot:",
                "to": "done",
                "back": "one",
                "home": True,
            },
        }
    )
    phone.dial("1")
    assert phone.text == "Mot:\n0. Retour\n00. Accueil"
    assert phone.answer("00") == "Un\n1. Choix 1"
    assert phone.walk("1", "0") == "Un\n1. Choix 1"


LONG_MENU = {
    "kind": "menu",
    "text": "Marchés",
    "options": [{"key": str(at), "label": f"Marché numéro {at} de la ville", "to": "done"} for at in range(1, 12)],
}


def test_a_long_menu_has_pages_and_its_keys_work_from_all_of_them() -> None:
    phone = small({"markets": LONG_MENU})
    first = phone.dial()
    assert first.startswith("Marchés\n1. Marché")
    assert first.endswith("\n98. Suite")
    second = phone.answer("98")
    assert second.startswith("5. Marché numéro 5")
    assert second.endswith("\n98. Suite\n0. Retour")
    assert phone.answer("zz").startswith("5. Marché")  # the error line does not fit above a full page
    assert reply_of(phone).refusal == "invalid"
    assert phone.answer("0") == first
    assert phone.walk("98", "98").endswith("11. Marché numéro 11 de la ville\n0. Retour")
    assert phone.answer("1") == "Fin."


def test_rows_are_numbered_over_all_pages_and_stay_what_was_shown() -> None:
    world = World.fresh()
    world.facts["services"] = [
        {**world.facts["services"][0], "code": f"S{at}", "name": f"Service numéro {at}"} for at in range(30)
    ]
    phone = Phone(SERVICE, world)
    phone.dial("2")
    phone.answer("98")
    assert "8. Service numéro 7" in phone.text
    world.facts["services"] = world.facts["services"][::-1]
    phone.answer("30")
    assert phone.dialogue.data["service"] == "S29"


LONG_TEXT = " ".join(f"mot{at}" for at in range(60))


def test_a_long_text_is_read_page_by_page_and_back() -> None:
    phone = small({"one": menu("Un", "read"), "read": {"kind": "info", "text": LONG_TEXT, "back": "one"}})
    first = phone.dial("1")
    assert first.endswith("\n98. Suite\n0. Retour")
    assert phone.answer("98").startswith("mot2")
    assert phone.answer("0") == first
    assert phone.answer("0") == "Un\n1. Choix 1"


def test_a_long_end_ends_on_its_last_page() -> None:
    phone = Phone(flow({"bye": {"kind": "end", "text": LONG_TEXT, "goal": "told"}}, goals=["told"]), World.fresh())
    phone.dial()
    assert (phone.is_over, reply_of(phone).goal) == (False, "told")
    assert phone.answer("1").startswith("mot0")
    phone.walk("98", "98")
    assert phone.is_over
    assert phone.text.endswith("mot59")


# Refusals


def test_three_refusals_in_a_row_end_the_session_and_a_good_answer_forgives() -> None:
    phone = wallet()
    phone.dial("1")
    phone.walk("12", "13")
    assert phone.answer("677000002") == "Montant à envoyer à Jean Nkolo:"
    phone.walk("mille", "-5")
    assert not phone.is_over
    assert phone.answer("") == "Trop d'erreurs. Recomposez le code."
    assert phone.is_over


def test_a_wrong_pin_is_counted_by_the_pin_rules_alone() -> None:
    phone = wallet()
    phone.dial("6")
    phone.world.facts["subscribers"][0]["pin"] = "gone"
    phone.world.tries["+237699000001"] = 0
    for _ in range(2):
        phone.answer("00000")
    assert phone.dialogue.refusals == 0
    assert phone.answer("00000") == "Code PIN bloqué pour 15 min."


def test_a_service_may_allow_more_refusals() -> None:
    phone = wallet(settings={"invalid_max": 5})
    phone.dial()
    phone.walk(*"abcd")
    assert not phone.is_over
    assert phone.answer("e") == "Trop d'erreurs. Recomposez le code."


# Secrets


def test_a_secret_is_nowhere_but_in_the_memory_of_its_turn() -> None:
    phone = wallet(number="+237699000099")
    phone.dial("0", "Lea Tamo")
    phone.answer("39571")
    kept = json.dumps([phone.dialogue.data, phone.dialogue.scratch])
    assert "39571" not in kept
    assert len(phone.dialogue.scratch["slots"]["new"]) == 64
    assert (reply_of(phone).redacted, reply_of(phone).consumed, reply_of(phone).is_secret_next) == (DOTS, (True,), True)
    assert phone.answer("39571").startswith("Inscription réussie, Lea Tamo.")
    assert phone.world.facts["subscribers"][-1]["pin"] == "39571"
    assert "39571" not in repr(phone.dialogue)


def test_the_digest_of_a_secret_fits_its_own_session_only() -> None:
    phone = wallet(number="+237699000099")
    phone.dial("0", "Lea Tamo")
    phone.answer("39571")
    phone.dialogue.session_id = uuid4()
    assert phone.answer("39571").startswith("Les deux codes diffèrent.")


def test_a_new_pin_is_not_the_old_one() -> None:
    phone = wallet()
    phone.dial("9", "1")
    phone.answer(PIN)
    assert phone.answer(PIN) == "Choisissez un autre code.\nNouveau code PIN de 5 chiffres:"
    assert PIN not in json.dumps(phone.dialogue.scratch)
    assert phone.walk("70614", "70614") == "Code PIN changé."


def test_an_empty_secret_is_no_try() -> None:
    phone = wallet()
    phone.dial("6")
    assert phone.answer("  ") == "Réponse invalide.\nCode PIN pour voir votre solde:"
    assert phone.world.tries == {}


# Money


def to_pin(phone: Phone, amount: str = "5000") -> None:
    phone.dial("1", "677000002", amount)
    phone.answer("1")


def test_a_tariff_that_changed_goes_back_to_the_confirmation() -> None:
    phone = wallet()
    to_pin(phone)
    phone.world.facts["tariffs"][0]["fixed"] = 75
    assert "Frais: 75 FCFA\nTotal: 5 075 FCFA\n1. Confirmer" in phone.answer(PIN)
    assert phone.world.moved == []
    phone.answer("1")
    assert phone.answer(PIN).startswith("Transfert de 5 000 FCFA à Jean Nkolo réussi. Frais 75 FCFA. Solde 4 925 FCFA.")
    assert len(phone.world.moved) == 1


def test_only_one_and_zero_answer_a_confirmation() -> None:
    phone = wallet()
    phone.dial("1", "677000002", "5000")
    assert phone.answer("2").startswith("Choix invalide.\nEnvoyer à Jean Nkolo 677000002\nMontant: 5 000 FCFA")
    assert phone.answer("0") == "Opération annulée. Rien n'a été débité."
    assert phone.is_over


@pytest.mark.parametrize("skipped", ["confirmation", "pin", "pin of another turn"])
def test_money_never_moves_without_confirmation_and_pin_of_this_turn(skipped: str) -> None:
    body = json.loads(WALLET.model_dump_json(by_alias=True, exclude_none=True))
    if skipped == "confirmation":
        body["screens"]["t_twice"]["outcomes"]["none"] = "t_pin"
    elif skipped == "pin":
        body["screens"]["t_confirm"]["to"] = "t_do"
    else:
        body["screens"]["t_pin"]["to"] = "pause"
        body["screens"]["pause"] = menu("Encore", "t_do")
    phone = Phone(parse_flow(body), World.fresh())
    phone.dial("1", "677000002", "5000")
    answers = {"confirmation": [PIN], "pin": ["1"], "pin of another turn": ["1", PIN, "1"]}[skipped]
    with pytest.raises(FlowDefectError, match="without confirmation and PIN"):
        phone.walk(*answers)
    assert phone.world.moved == []


def test_each_visit_of_a_screen_has_its_own_key() -> None:
    phone = wallet()
    to_pin(phone)
    before = phone.dialogue.visit
    phone.answer("00000")
    assert phone.dialogue.visit == before  # asked again is the same visit: the money keeps its key
    assert phone.answer(PIN).startswith("Transfert de 5 000 FCFA")
    assert phone.dialogue.visit == before + 1


# Dropped and taken up again


def drop(phone: Phone, **parts: Any) -> Phone:
    """Return a phone that dials again after `phone` was cut off."""
    version = phone.dialogue.version_id
    assert version is not None
    again = Phone(phone.flow, phone.world, phone.number, **parts)
    again.dialogue.version_id = version
    again.extra["resume"] = ResumePoint(phone.dialogue.session_id, version, phone.dialogue.scratch)
    return again


def test_a_dropped_dialogue_is_offered_and_taken_up_with_its_variables() -> None:
    phone = wallet()
    to_pin(phone)
    again = drop(phone)
    assert again.dial() == "Reprendre votre opération ?\n1. Oui\n2. Non"
    assert again.answer("7") == "Choix invalide.\nReprendre votre opération ?\n1. Oui\n2. Non"
    assert again.answer("1") == "Montant à envoyer à Jean Nkolo:"
    assert again.dialogue.moved_id == phone.dialogue.session_id
    assert again.dialogue.data == {"to": "+237677000002", "to_name": "Jean Nkolo"}


def test_an_offer_that_is_refused_shows_the_menu_and_moves_nothing() -> None:
    phone = wallet()
    to_pin(phone)
    again = drop(phone)
    again.dial()
    assert again.answer("2").startswith("PerfectPay\n1. Transfert")
    assert (again.dialogue.moved_id, again.dialogue.data) == (None, {})


def test_a_service_may_go_on_without_asking_or_never() -> None:
    phone = wallet()
    to_pin(phone)
    assert drop(phone, settings={"resume": "continue"}).dial() == "Montant à envoyer à Jean Nkolo:"
    assert drop(phone, settings={"resume": "start"}).dial().startswith("PerfectPay\n1. Transfert")


def test_nothing_is_offered_after_money_moved_on_direct_dial_or_to_a_suspended_person() -> None:
    phone = wallet()
    to_pin(phone)
    assert drop(phone).dial("6") == "Code PIN pour voir votre solde:"
    assert drop(phone).type_first("bonjour").startswith("PerfectPay")
    phone.world.facts["subscribers"][0]["status"] = "suspended"
    assert drop(phone).dial() == "Compte suspendu. Contactez le service client."
    phone.world.facts["subscribers"][0]["status"] = "active"
    phone.answer(PIN)
    assert phone.dialogue.has_committed
    assert "point" not in phone.dialogue.scratch
    assert drop(phone).dial().startswith("PerfectPay\n1. Transfert")


def test_a_dialogue_of_an_older_version_goes_on_in_that_version_or_not_at_all() -> None:
    phone = wallet()
    to_pin(phone)
    new = flow(
        {"home": menu("Nouveau", "done"), "done": {"kind": "end", "text": "Fin."}}, settings={"resume": "confirm"}
    )
    again = drop(phone)
    again.flow, again.dialogue.version_id = new, uuid4()
    assert again.dial() == "Nouveau\n1. Choix 1"
    again.dialogue = Dialogue(uuid4(), uuid4())
    again.extra["load_version"] = {phone.dialogue.version_id: WALLET}.__getitem__
    again.dial()
    assert again.answer("1") == "Montant à envoyer à Jean Nkolo:"
    assert again.dialogue.version_id == phone.dialogue.version_id


UNSEEN = UnseenResult(uuid4(), "transfer", "TR-7K2M9Q", 5000, "Jean Nkolo")
RESULT = "Transfert de 5 000 FCFA à Jean Nkolo réussi. Réf TR-7K2M9Q\n1. Continuer"


@pytest.mark.parametrize("dialled", [(), ("1", "677000002", "5000")], ids=["dialled", "direct dial"])
def test_a_result_nobody_saw_is_told_first(dialled: tuple[str, ...]) -> None:
    phone = wallet(extra={"unseen": UNSEEN})
    assert phone.dial(*dialled) == RESULT
    assert (phone.dialogue.seen_id, reply_of(phone).redacted) == (UNSEEN.operation_id, "")
    phone.extra.clear()
    assert phone.answer("3").startswith(f"Choix invalide.\n{RESULT}")
    assert phone.answer("1").startswith("PerfectPay\n1. Transfert")


def test_a_first_message_does_not_answer_the_result_it_never_saw() -> None:
    assert wallet(extra={"unseen": UNSEEN}).type_first("1") == RESULT


def test_a_version_that_lost_the_screen_begins_anew_and_drops_the_answer() -> None:
    phone = wallet()
    phone.dialogue.screen = "gone"
    assert phone.answer("1").startswith("PerfectPay\n1. Transfert")
    assert reply_of(phone).redacted == ""


# Callers without a number


def test_a_caller_without_number_looks_around_and_does_nothing() -> None:
    phone = wallet(number=None)
    assert phone.dial("9").startswith("Mon compte")
    assert phone.walk("1") == "Code PIN actuel:"
    assert phone.answer(PIN) == "Votre opérateur n'a pas transmis votre numéro. Opération impossible."
    assert phone.is_over
    assert (phone.slow_steps, phone.dialogue.scratch.get("point")) == (0, None)
    service = Phone(SERVICE, World.fresh(), None)
    assert service.dial("1").startswith("Votre opérateur")


# Words and values


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


# Sub-flows and limits


def test_flows_inside_each_other_end_at_three() -> None:
    own = {
        "down": {"kind": "call", "flow": "small", "outcomes": {"done": "done"}},
        "done": {"kind": "end", "text": "Fin."},
    }
    phone = Phone(flow(own), World.fresh())
    phone.extra["load_flow"] = lambda _key: phone.flow
    with pytest.raises(FlowDefectError, match="more than 3 flows"):
        phone.dial()


def test_invisible_screens_end_at_twenty() -> None:
    chain = {f"r{at}": {"kind": "route", "else": f"r{at + 1}"} for at in range(20)}
    assert small({**chain, "r20": {"kind": "end", "text": "Ici."}}).dial() == "Ici."
    with pytest.raises(FlowDefectError, match="more than 20 invisible"):
        small({**chain, "r20": {"kind": "route", "else": "r21"}, "r21": {"kind": "end", "text": "Ici."}}).dial()


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
