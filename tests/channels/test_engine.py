"""What the engine promises, screen by screen, on small menus and on the documented ones."""

import json
from uuid import uuid4

import pytest

from channels.dialogue import DOTS, FlowDefectError
from channels.flow import parse_flow
from tests.channels.fakes import Phone, World
from tests.channels.phones import PIN, SERVICE, WALLET, flow, menu, reply_of, small, to_pin, wallet

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


@pytest.mark.parametrize("skipped", ["confirmation", "pin", "pin of another turn", "confirmation of another screen"])
def test_money_never_moves_without_confirmation_and_pin_of_this_turn(skipped: str) -> None:
    body = json.loads(WALLET.model_dump_json(by_alias=True, exclude_none=True))
    if skipped == "confirmation":
        body["screens"]["t_twice"]["outcomes"]["none"] = "t_pin"
    elif skipped == "pin":
        body["screens"]["t_confirm"]["to"] = "t_do"
    elif skipped == "confirmation of another screen":
        body["screens"]["t_confirm"]["to"] = "pause"
        body["screens"]["pause"] = menu("Encore", "t_pin")
    else:
        body["screens"]["t_pin"]["to"] = "pause"
        body["screens"]["pause"] = menu("Encore", "t_do")
    phone = Phone(parse_flow(body), World.fresh())
    phone.dial("1", "677000002", "5000")
    answers = {
        "confirmation": [PIN],
        "pin": ["1"],
        "pin of another turn": ["1", PIN, "1"],
        "confirmation of another screen": ["1", "1", PIN],
    }[skipped]
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
