"""Every rule has a menu that trips it; the shipped menus and the documented ones trip none."""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from channels.flow import parse_flow
from channels.lint import Facts, Finding, lint
from channels.ussd.actions import REGISTRY
from core.gsm7 import Limits
from tests.channels.fakes import MENUS, SURVEY, World, registry
from tests.channels.test_menus import SHIPPED

PRICED = frozenset({"transfer", "cash_out", "bill", "sell", "airtime", "payment", "recharge"})
# Actions of surveys and notices are looked at as the world in memory plays them where no real one is there yet.
PLAYED = {name: one for name, one in registry(World.fresh()).items() if name.startswith(("surveys.", "notices."))}
FACTS = Facts({**PLAYED, **REGISTRY}, flows={"survey:satisfaction": parse_flow(SURVEY)})
Body = dict[str, Any]


def findings(body: Body, facts: Facts = FACTS) -> list[Finding]:
    """Return what lint says beside two standing words: Lingala, and the longest bill that has no room for an error."""
    standing = {("L08", ""), ("L11", "b_confirm")}
    return [finding for finding in lint(body, facts) if (finding.rule, finding.screen) not in standing]


@pytest.mark.parametrize("key", SHIPPED)
def test_a_shipped_menu_has_nothing_but_a_language_to_read_again(key: str) -> None:
    assert findings(SHIPPED[key]) == []
    assert [f.message for f in lint(SHIPPED[key], FACTS) if f.rule == "L08"] == ["ln : à relire"]


@pytest.mark.parametrize("key", MENUS)
def test_a_documented_menu_has_no_error(key: str) -> None:
    facts = Facts(registry(World.fresh()), flows={"survey:satisfaction": parse_flow(SURVEY)})
    assert [finding for finding in lint(MENUS[key], facts) if finding.is_error] == []


def test_a_survey_has_no_error_but_that_it_serves_no_goal() -> None:
    assert [f.rule for f in findings(SURVEY, Facts(registry(World.fresh()))) if f.is_error] == ["L17"]


def _screen(name: str, **changes: Any) -> Callable[[Body], None]:
    def change(body: Body) -> None:
        for field, value in changes.items():
            body["screens"][name][field.rstrip("_")] = value

    return change


def _add(**screens: Body) -> Callable[[Body], None]:
    return lambda body: body["screens"].update(screens)


def _all(*changes: Callable[[Body], None]) -> Callable[[Body], None]:
    def change(body: Body) -> None:
        for one in changes:
            one(body)

    return change


def _text(text: str) -> dict[str, str]:
    return dict.fromkeys(("fr", "en", "ln"), text)


def _option(key: str, to: str) -> Body:
    return {"key": key, "label": _text("Autre"), "to": to}


END = {"kind": "end", "text": _text("Fin.")}
HOME = SHIPPED["wallet"]["screens"]["home"]["options"]
LONG = "Envoyer de l'argent à la personne que vous venez de choisir dans votre liste "

IS_AGENT = {"var": "caller.role", "op": "eq", "value": "agent"}
QUOTE_AGAIN = {
    "kind": "action",
    "run": "wallet.quote",
    "with": {"type": "transfer"},
    "outcomes": dict.fromkeys(("ok", "min", "max"), "t_do"),
}


def _menu(to: str) -> Body:
    return {"kind": "menu", "text": _text("Encore"), "options": [_option("1", to)]}


def _reached(**screens: Body) -> Callable[[Body], None]:
    """Add screens, and an option of the home menu that leads to the first."""
    return _all(_add(**screens), _screen("home", options=[*HOME, _option("10", next(iter(screens)))]))


def _variable(name: str, kind: str) -> Callable[[Body], None]:
    return lambda body: body["variables"].update({name: {"type": kind, "max": 6}})


def _goal(gone: str) -> Callable[[Body], None]:
    return lambda body: body["goals"].remove(gone)


# What is broken in the shipped wallet menu: rule, screen it is found on, change.
BROKEN: list[tuple[str, str, Callable[[Body], None]]] = [
    ("L01", "screens.home.menu.colour", _screen("home", colour="red")),
    ("L01", "screens.t_to.input", _screen("t_to", slot="new")),
    ("L02", "me", _screen("me", back="nowhere")),
    ("L02", "r_pin2", _screen("r_pin2", differs="nowhere")),
    ("L03", "lonely", _add(lonely=END)),
    ("L04", "mute", _reached(mute={"kind": "info", "text": _text("Rien.")})),
    ("L05", "left", _reached(left=_menu("right"), right=_menu("left"))),
    ("L06", "spin", _reached(spin={"kind": "route", "rules": [{"if": IS_AGENT, "to": "spin"}], "else": "cancelled"})),
    ("L07", "home", _screen("home", options=[*HOME, _option("1", "me")])),
    ("L07", "home", _screen("home", options=[*HOME, _option("111", "me")])),
    ("L07", "me", _screen("me", options=[_option("0", "p_old"), _option("2", "h_pin"), _option("3", "l_menu")])),
    ("L08", "p_ok", _screen("p_ok", text={"fr": "Code PIN changé.", "en": "PIN changed."})),
    ("L09", "t_confirm", _screen("t_confirm", text=_text(LONG + "{to_name} {to|phone}"))),
    ("L09", "q_pin", _screen("q_pin", text=_text(LONG * 3))),
    ("L09", "me", _screen("me", text=_text("x" * 157))),
    ("L10", "p_ok", _screen("p_ok", text=_text("Code PIN changé ✅"))),
    ("L12", "q_ok", _screen("q_ok", text=_text("Votre solde est de {solde|money}"))),
    ("L12", "q_ok", _screen("q_ok", text=_text("Votre solde est de {balance|date}"))),
    ("L12", "q_ok", _screen("q_ok", text=_text("Votre solde est de {balance|gras}"))),
    ("L12", "no_wallet", _screen("no_wallet", text=_text("Solde {balance|money}, à {to_name}"))),
    ("L13", "q_do", _screen("q_do", run="account.guess")),
    ("L13", "q_do", _screen("q_do", outcomes={"ok": "q_ok"})),
    ("L13", "q_do", _screen("q_do", outcomes={"ok": "q_ok", "none": "no_wallet", "maybe": "q_ok"})),
    ("L13", "q_do", _screen("q_do", with_={"colour": "red"})),
    ("L13", "t_to", _all(_screen("t_to", var="name"))),
    ("L14", "t_do", _screen("t_confirm", to="t_do")),
    ("L14", "t_do", _screen("t_amount", to="t_pin")),
    ("L14", "t_do", _screen("t_do", money=False)),
    ("L14", "sneak", _all(_add(sneak=QUOTE_AGAIN), _screen("t_pin", to="sneak"))),
    ("L14", "t_confirm", _screen("home", options=[*HOME, _option("10", "t_confirm")])),
    ("L15", "q_pin", _screen("q_pin", back="home")),
    ("L15", "p_ok", _all(_screen("p_ok", text=_text("Code {hidden}.")), _variable("hidden", "secret"))),
    ("L15", "p_new2", _screen("p_new2", same_as="other")),
    ("L16", "l_ok", _all(_add(l_ok={"kind": "info", "text": _text("Fait."), "back": "me"}), _goal("language_changed"))),
    ("L17", "", lambda body: body["goals"].append("never")),
    ("L17", "p_ok", _goal("pin_changed")),
    ("L18", "t_amount", _screen("t_amount", errors={name: _text(f"{name}.") for name in ("min", "max")})),
    ("L18", "t_to", _screen("t_to", errors={name: _text(f"{name}.") for name in ("invalid", "self", "unknown")})),
    ("L20", "home", _screen("home", options=[*HOME, _option("10", "me")])),
]


@pytest.mark.parametrize(("rule", "screen", "change"), BROKEN, ids=[f"{at}-{row[0]}" for at, row in enumerate(BROKEN)])
def test_a_broken_menu_is_told_where(rule: str, screen: str, change: Callable[[Body], None]) -> None:
    body = copy.deepcopy(SHIPPED["wallet"])
    change(body)
    found = findings(body)
    assert (rule, screen) in {(finding.rule, finding.screen) for finding in found}, found
    others = {finding.rule for finding in found} - {rule}
    # A break often has a shadow: what is no longer reached, or not set, or too long to carry an error line.
    assert others <= {"L03", "L05", "L11", "L12", "L13", "L14", "L16", "L20"}, found
    assert any(finding.is_error for finding in found) is (rule not in {"L03", "L16", "L20"})


def _spin(count: int) -> Callable[[Body], None]:
    """Add so many invisible screens in a row behind the home menu."""
    steps = {f"s{at}": {"kind": "route", "rules": [], "else": f"s{at + 1}"} for at in range(count)}
    steps[f"s{count - 1}"]["else"] = "cancelled"
    return _reached(**steps)


def _fit(size: int) -> Callable[[Body], None]:
    return _screen("q_pin", text=_text("m" * size))


MESSAGE = {"kind": "call", "flow": "survey:avis", "outcomes": {"done": "cancelled"}}
EMPTY_CALL = {"kind": "call", "flow": "survey:perdu", "outcomes": {"done": "cancelled"}}
NEW_KEYS = {"next": "98", "back": "97", "home": "00"}

# What is right at the very edge of a rule: rule, change.
EDGES: list[tuple[str, Callable[[Body], None]]] = [
    ("L01", _screen("home", home=True)),
    ("L02", _screen("me", back="home")),
    ("L03", _reached(seen=END)),
    ("L04", _reached(mute={"kind": "info", "text": _text("Rien."), "back": "home"})),
    ("L05", _reached(left=_menu("right"), right=_menu("left") | {"back": "home"})),
    ("L06", _spin(20)),
    ("L07", _screen("home", options=[*HOME, _option("99", "me")])),
    ("L07", _all(lambda body: body["settings"].update(nav=NEW_KEYS), _screen("me", back="home"))),
    ("L08", lambda body: body.update(languages=["fr", "en"])),
    ("L09", _fit(156)),
    ("L10", _screen("p_ok", text=_text("« Réussi » – bête & cœur €"))),
    ("L12", _screen("q_ok", text=_text("Solde {balance|money} {caller.phone|masked} {brand|upper}"))),
    ("L13", _screen("q_do", outcomes={"ok": "q_ok", "none": "no_wallet"})),
    ("L14", _screen("t_confirm", cancel="home")),
    ("L15", _screen("q_pin", outcomes={"locked": "pin_locked", "none": "home"})),
    ("L16", _screen("l_ok", text=_text("Fait."))),
    ("L17", _screen("cancelled", goal=None)),
    ("L18", _screen("t_amount", errors=SHIPPED["wallet"]["screens"]["t_amount"]["errors"])),
    ("L20", _screen("home", options=[_option(f"1{at}", "me") for at in range(9)])),
]


@pytest.mark.parametrize(("rule", "change"), EDGES, ids=[f"{at}-{row[0]}" for at, row in enumerate(EDGES)])
def test_what_is_right_at_the_edge_of_a_rule_is_not_held_against_it(rule: str, change: Callable[[Body], None]) -> None:
    body = copy.deepcopy(SHIPPED["wallet"])
    change(body)
    assert [finding for finding in findings(body) if finding.rule == rule] == []


BEYOND: list[tuple[str, str, Callable[[Body], None]]] = [
    ("L06", "s0", _spin(21)),
    ("L09", "q_pin", _fit(157)),
    ("L13", "ask", _reached(ask=EMPTY_CALL)),
    ("L13", "d_from", _screen("d_from", rows="account.balance")),
    ("L15", "t_amount", _screen("t_amount", check="pin.verify")),
    ("L17", "", lambda body: body.update(goals=[])),
    ("L18", "r_pin", lambda body: body["screens"]["r_pin"]["errors"].pop("differs")),
]


@pytest.mark.parametrize(("rule", "screen", "change"), BEYOND, ids=[f"{at}-{row[0]}" for at, row in enumerate(BEYOND)])
def test_one_step_beyond_the_edge_is_told(rule: str, screen: str, change: Callable[[Body], None]) -> None:
    body = copy.deepcopy(SHIPPED["wallet"])
    change(body)
    assert (rule, screen) in {(finding.rule, finding.screen) for finding in findings(body)}


def test_a_call_has_a_way_for_every_end_of_its_flow() -> None:
    body = copy.deepcopy(SHIPPED["wallet"])
    body["screens"]["ask"] = copy.deepcopy(MESSAGE)
    body["screens"]["me"]["options"].append(_option("9", "ask"))
    ends = {"done": END, "closed": END}
    flow = {"flow": "survey:avis", "languages": ["fr"], "default_language": "fr", "entry": "done", "screens": ends}
    facts = replace(FACTS, flows={"survey:avis": parse_flow(flow)})
    found = [(f.rule, f.screen, f.message.rpartition(" ")[2]) for f in findings(body, facts)]
    assert found == [("L13", "ask", "closed")]
    body["screens"]["ask"]["outcomes"]["closed"] = "cancelled"
    assert findings(body, facts) == []


def test_every_rule_has_a_menu_that_trips_it_and_one_that_does_not() -> None:
    rules = {f"L{number:02}" for number in range(1, 21)}
    elsewhere = {"L11", "L19"}  # tests of their own, below
    assert {row[0] for row in BROKEN} | elsewhere == rules
    assert {row[0] for row in EDGES} | elsewhere == rules


def test_a_long_error_line_is_a_warning() -> None:
    body = copy.deepcopy(SHIPPED["wallet"])
    body["screens"]["r_name"]["errors"]["invalid"] = _text("Nom invalide. " * 10)
    assert {(f.rule, f.screen, f.is_error) for f in findings(body)} == {("L11", "r_name", False)}
    body["screens"]["r_name"]["errors"]["invalid"] = _text("Nom invalide. " * 3)
    assert findings(body) == []


def test_a_price_must_cover_what_is_quoted() -> None:
    assert findings(SHIPPED["wallet"], replace(FACTS, priced=PRICED)) == []
    found = findings(SHIPPED["wallet"], replace(FACTS, priced=PRICED - {"transfer", "recharge"}))
    assert {(finding.rule, finding.screen) for finding in found} == {("L19", "t_amount"), ("L19", "d_amount")}


def test_a_service_in_ucs2_may_use_any_letter_within_shorter_pages() -> None:
    body = copy.deepcopy(SHIPPED["wallet"])
    body["screens"]["p_ok"]["text"] = _text("تم تغيير الرمز")
    assert {finding.rule for finding in findings(body)} == {"L10"}
    assert findings(body, replace(FACTS, is_ucs2=True)) == []


def test_the_smallest_network_decides() -> None:
    found = findings(SHIPPED["wallet"], replace(FACTS, limits=Limits(gsm7=130, ucs2=60)))
    assert {(finding.rule, finding.screen) for finding in found if finding.is_error} == {
        *(("L09", f"{flow}_confirm") for flow in "absdt"),
    }


def test_a_depth_of_more_than_eight_turns_is_a_warning() -> None:
    body = copy.deepcopy(SHIPPED["service"])
    steps = {
        f"step{at}": {"kind": "menu", "text": _text("Suite"), "options": [_option("1", f"step{at + 1}")]}
        for at in range(9)
    }
    body["screens"] |= steps | {"step9": {"kind": "route", "else": "balance"}}
    body["screens"]["home"]["options"] = [_option("1", "step0")]
    found = [finding for finding in findings(body) if finding.rule not in {"L03", "L17"}]
    assert [(f.rule, f.screen, f.message) for f in found] == [("L20", "balance_end", "10 tours jusqu'à ce but")]


@pytest.mark.parametrize("pattern", [r"^(a+)+$", r"(.)\1", r"^(?=a)a$", "a" * 201, "[", "a*b*c*d*"], ids=range(6))
def test_a_pattern_that_may_never_end_is_no_document(pattern: str) -> None:
    body = copy.deepcopy(SHIPPED["wallet"])
    body["screens"]["r_name"] |= {"type": "ref", "pattern": pattern}
    assert {finding.rule for finding in findings(body)} == {"L01"}
