"""A document under the hand of its editor: outline, changes, differences, meters, and its form as text."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels import difference as differences
from channels import document, meter, outline, yaml_form
from channels.difference import Change, TextChange, ValueChange
from channels.document import ScreenNameRefused
from channels.lint import Facts
from channels.meter import Mark
from channels.ussd.actions import REGISTRY
from channels.yaml_form import UnreadableText
from core.gsm7 import Coding
from tests.channels.fakes import MENUS, SURVEY
from tests.channels.test_menus import SHIPPED

FACTS = Facts(REGISTRY)
Body = dict[str, Any]

# The branch of the shipped service menu that these tests change: what its editor adds elsewhere is none of theirs.
BRANCH = ("start", "suspended", "home", "balance", "balance_end", "no_account")


@pytest.fixture
def service() -> Body:
    body: Body = copy.deepcopy(SHIPPED["service"])
    body["screens"] = {name: body["screens"][name] for name in BRANCH}
    body["screens"]["home"]["options"] = body["screens"]["home"]["options"][:1]
    body["goals"] = ["balance_shown"]
    return body


@pytest.fixture
def wallet() -> Body:
    return copy.deepcopy(SHIPPED["wallet"])


# Outline


@pytest.mark.parametrize("key", SHIPPED)
def test_every_screen_stands_once_in_the_outline_under_what_leads_to_it(key: str) -> None:
    leaves = outline.outline(SHIPPED[key])
    assert sorted(leaf.name for leaf in leaves) == sorted(SHIPPED[key]["screens"])
    depths = {leaf.name: leaf.depth for leaf in leaves}
    assert all(leaf.depth == depths[leaf.parent] + 1 for leaf in leaves if leaf.parent)
    assert [leaf.name for leaf in leaves if leaf.is_loose] == []


def test_the_service_menu_as_its_tree_shows_it(service: Body) -> None:
    service["screens"]["lonely"] = {"kind": "menu", "text": "Seul", "options": [{"key": "1", "to": "behind"}]}
    service["screens"]["behind"] = {"kind": "end", "text": {"fr": "Fin\nsuite"}}
    shown = [(leaf.depth, leaf.via, leaf.name, leaf.label, leaf.is_loose) for leaf in outline.outline(service)]
    assert shown == [
        (0, "", "start", "", False),
        (1, "si", "suspended", "Compte suspendu. Contactez le service client.", False),
        (1, "sinon", "home", "Bienvenue", False),
        (2, "1", "balance", "account.balance", False),
        (3, "none", "no_account", "Aucun compte n'est lié à ce numéro.", False),
        (3, "ok", "balance_end", "Votre solde est de {balance|money}", False),
        (0, "", "lonely", "Seul", True),
        (1, "1", "behind", "Fin", True),
    ]
    assert outline.leading_to(service, "balance") == ("home",)


def test_screens_in_a_ring_that_nothing_leads_to_are_not_lost(service: Body) -> None:
    for here, there in (("left", "right"), ("right", "left")):
        service["screens"][here] = {"kind": "menu", "text": here, "options": [{"key": "1", "label": "", "to": there}]}
    names = [leaf.name for leaf in outline.outline(service)]
    assert sorted(names) == sorted(service["screens"])


def test_words_are_found_in_names_texts_of_any_language_and_actions(service: Body) -> None:
    assert outline.matches(service, "bienvenue") == {"home"}
    assert outline.matches(service, "WELCOME") == {"home"}
    assert outline.matches(service, "account.balance") == {"balance"}
    assert outline.matches(service, "solde") == {"home", "balance_end"}
    assert outline.matches(service, "xyz") == frozenset()
    assert len(outline.matches(service, "")) == 6


@pytest.mark.parametrize(
    "body", [{}, {"screens": []}, {"screens": {"a": 3}, "entry": 4}, {"screens": {"a": {"options": "x", "rules": [1]}}}]
)
def test_a_broken_document_is_shown_as_far_as_it_goes(body: Body) -> None:
    outline.outline(body)
    differences.difference({}, body)
    assert yaml_form.from_text(yaml_form.to_text(body)) == body


# Changes


def test_a_renamed_screen_takes_along_all_that_leads_to_it(service: Body) -> None:
    changed = document.rename_screen(service, "home", "accueil")
    assert changed["screens"]["start"]["else"] == "accueil"
    assert "home" not in changed["screens"]
    assert service["screens"]["start"]["else"] == "home"  # the old one is untouched
    assert document.rename_screen(service, "start", "debut")["entry"] == "debut"
    for refused in ("home", "Accueil", "1er", "a" * 33, ""):
        with pytest.raises(ScreenNameRefused):
            document.rename_screen(service, "balance", refused)


def test_screens_are_added_copied_and_deleted(service: Body) -> None:
    added = document.add_screen(service, "aide", "info")
    assert added["screens"]["aide"] == {"kind": "info", "text": {"fr": "", "en": "", "ln": ""}}
    copied, fresh = document.copy_screen(service, "home")
    assert (fresh, copied["screens"][fresh]) == ("home_2", service["screens"]["home"])
    again, fresh = document.copy_screen(copied, "home_2")
    assert fresh == "home_3"
    assert "home" not in document.delete_screen(again, "home")["screens"]


def test_options_get_the_first_free_key_and_move_with_their_branch(service: Body) -> None:
    more = document.add_option(document.add_option(service, "home"), "home")
    assert [option["key"] for option in more["screens"]["home"]["options"]] == ["1", "2", "3"]
    moved = document.move_part(more, "home", "options", 2, -1)
    assert [option["key"] for option in moved["screens"]["home"]["options"]] == ["1", "3", "2"]
    assert document.move_part(more, "home", "options", 0, -1) == more
    less = document.delete_part(more, "home", "options", 1)
    assert [option["key"] for option in less["screens"]["home"]["options"]] == ["1", "3"]
    with_aide = document.add_option(document.add_screen(service, "aide", "menu"), "aide")
    away = document.move_option(with_aide, "home", 0, "aide")
    assert "options" not in away["screens"]["home"]
    assert [(option["key"], option["to"]) for option in away["screens"]["aide"]["options"] if "to" in option] == [
        ("1", ""),
        ("2", "balance"),
    ]


def test_a_bare_text_becomes_a_text_by_language_when_another_is_written() -> None:
    body = {"languages": ["fr", "en"], "default_language": "fr", "screens": {"a": {"kind": "end", "text": "Fin"}}}
    said = document.say(body, ("screens", "a", "text"), "en", "End")
    assert said["screens"]["a"]["text"] == {"fr": "Fin", "en": "End"}


# Differences


def test_a_reviewer_reads_texts_targets_and_septets(service: Body) -> None:
    after = document.say(service, ("screens", "home", "text"), "fr", "Bienvenue à tous €")
    after["screens"]["home"]["options"][0]["to"] = "balance_end"
    after["screens"]["bye"] = {"kind": "end", "text": {"fr": "Fin"}}
    del after["screens"]["no_account"]
    after["goals"] = ["balance_shown", "bye"]
    found = differences.difference(service, after)
    assert [(screen.name, screen.change) for screen in found.screens] == [
        ("bye", Change.ADDED),
        ("home", Change.CHANGED),
        ("no_account", Change.REMOVED),
    ]
    home = found.screens[1]
    assert home.texts == (TextChange("text", "fr", "Bienvenue", "Bienvenue à tous €"),)
    assert home.septets == 10  # € takes two
    assert home.targets == (ValueChange("options.1", "balance", "balance_end"),)
    assert found.settings == (ValueChange("goals", '["balance_shown"]', '["balance_shown", "bye"]'),)
    assert [found.count(change) for change in Change] == [1, 1, 1]
    assert differences.difference(service, copy.deepcopy(service)).is_empty


def test_a_changed_condition_or_kind_is_not_missed(service: Body) -> None:
    after = copy.deepcopy(service)
    after["screens"]["start"]["rules"][0]["if"]["value"] = "active"
    after["screens"]["balance_end"]["goal"] = "other"
    found = differences.difference(service, after)
    assert [(screen.name, [other.place for other in screen.others]) for screen in found.screens] == [
        ("balance_end", ["goal"]),
        ("start", ["rules.1.if"]),
    ]


# Meters


def test_a_screen_is_weighed_in_every_language_at_its_longest(wallet: Body) -> None:
    gauges = meter.weigh(wallet, "t_confirm", FACTS)
    assert [(gauge.language, gauge.size, gauge.most, len(gauge.pages)) for gauge in gauges] == [
        ("fr", 137, 156, 1),
        ("en", 129, 156, 1),
        ("ln", 133, 156, 1),
    ]
    assert all(gauge.is_right for gauge in gauges)
    assert meter.weigh(wallet, "t_do", FACTS) == ()  # nobody sees an action


def test_a_screen_too_long_says_by_how_much_and_a_foreign_letter_is_not_right(wallet: Body) -> None:
    longer = document.say(wallet, ("screens", "t_confirm", "text"), "fr", "Envoyer à {to_name} " + "x" * 60)
    (french, *_) = meter.weigh(longer, "t_confirm", FACTS)
    assert (french.excess > 0, french.is_right) == (True, False)
    strange = document.say(wallet, ("screens", "p_ok", "text"), "fr", "Changé ✅")
    (french, english, _) = meter.weigh(strange, "p_ok", FACTS)
    assert (french.coding, french.most, french.is_right, english.is_right) == (Coding.UCS2, 66, False, True)


def test_a_fault_elsewhere_does_not_blind_the_meter(wallet: Body) -> None:
    wallet["screens"]["home"]["colour"] = "red"
    wallet["goals"] = 3
    assert [gauge.size for gauge in meter.weigh(wallet, "q_pin", FACTS)] == [31, 24, 30]


def test_strange_letters_are_pointed_at_with_what_goes_out_instead() -> None:
    assert meter.marks("Réglé à bête «5» ✅") == (
        Mark(9, "ê", "e"),
        Mark(13, "«", '"'),
        Mark(15, "»", '"'),
        Mark(17, "✅", None),
    )
    assert meter.marks("Déjà réglé: 5 €") == ()


# Text


@pytest.mark.parametrize("body", [*SHIPPED.values(), *MENUS.values(), SURVEY], ids=[*SHIPPED, *MENUS, "survey"])
def test_a_menu_goes_to_text_and_back_unharmed(body: Body) -> None:
    text = yaml_form.to_text(body)
    assert yaml_form.from_text(text) == body
    assert yaml_form.to_text(yaml_form.from_text(text)) == text


_WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12) | st.sampled_from(
    [
        "no",
        "on",
        "yes",
        "~",
        "null",
        "true",
        "1",
        "010",
        "0x1F",
        "1:30",
        "2026-11-21",
        "1e3",
        "",
        " a ",
        "a: b",
        "# a",
        "=",
    ]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_WORDS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(_WORDS, _JSON, max_size=5))
def test_whatever_json_holds_survives_the_text(body: Body) -> None:
    assert yaml_form.from_text(yaml_form.to_text(body)) == body
    for part in body.values():
        assert yaml_form.part_from_text(yaml_form.part_to_text(part)) == (part if part not in ({}, []) else None)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("flow: a\nflow: b", 2, 1),
        ("a: &x 1\nb: *x", 2, 4),
        ("1: a", 1, 1),
        ("a:\n  - {b: 1", 2, 10),
        ("- a", 1, 1),
        ("a: !!python/name:os.system x", 1, 4),
        ('a: "\\0"', 1, 1),
        ("a: [" + "[" * 3000, 1, 1),
    ],
)
def test_a_text_that_is_no_document_says_where(text: str, line: int, column: int) -> None:
    with pytest.raises(UnreadableText) as refused:
        yaml_form.from_text(text)
    assert (refused.value.data["line"], refused.value.data["column"]) == (line, column)


def test_words_that_yaml_would_bend_stay_words() -> None:
    assert yaml_form.from_text("a: no\nb: 010\nc: 2026-11-21\nd: 1:30\ne: on") == {
        "a": "no",
        "b": "010",
        "c": "2026-11-21",
        "d": "1:30",
        "e": "on",
    }
