"""`http.call` in a flow: judged by its connector's row, worked out without locks, branching on what was answered."""

from collections.abc import Iterator
from typing import Any

import pytest

from channels.actions import SlowStep
from channels.flow import parse_flow
from channels.lint import lint
from channels.publishing import facts_of
from channels.ussd.actions import REGISTRY
from channels.ussd.pools import SlowPool, pool_of
from core.database import Database
from tests.channels.fakes import Phone, World
from tests.services.elsewhere import Elsewhere, served
from tests.services.test_connectors import answer, save

FLOW: dict[str, Any] = {
    "flow": "meteo",
    "languages": ["fr"],
    "default_language": "fr",
    "entry": "ask",
    "goals": ["told"],
    "variables": {
        "ville": {"type": "text", "max": 20},
        "temps": {"type": "text", "max": 40},
        "degres": {"type": "int", "max": 3},
    },
    "screens": {
        "ask": {
            "kind": "input", "type": "text", "var": "ville", "max": 20, "text": "Quelle ville ?", "to": "call",
            "errors": {"invalid": "Trop long."},
        },
        "call": {
            "kind": "action", "run": "http.call", "with": {"connector": "meteo"},
            "outcomes": {"ok": "told", "refused": "none", "down": "down", "unknown": "none", "closed": "down"},
        },
        "told": {"kind": "end", "goal": "told", "text": "{ville}: {temps}, {degres} degrés."},
        "none": {"kind": "end", "text": "Ville inconnue."},
        "down": {"kind": "end", "text": "Météo indisponible."},
    },
}  # fmt: skip


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    with served() as other:
        yield other


def changed(**changes: Any) -> dict[str, Any]:
    screens = {**FLOW["screens"], "call": {**FLOW["screens"]["call"], **changes}}
    return {**FLOW, "screens": screens}


def findings(database: Database, body: dict[str, Any]) -> list[tuple[str, str]]:
    with database.transaction() as session:
        return [
            (one.rule, one.message.replace("\N{NO-BREAK SPACE}", " "))
            for one in lint(body, facts_of(session, "meteo"))
            if one.is_error
        ]


def test_a_flow_is_judged_by_the_connector_it_names(database: Database, elsewhere: Elsewhere) -> None:
    assert ("L13", "connecteur inconnu : meteo") in findings(database, FLOW)
    save(database, elsewhere)
    assert findings(database, FLOW) == []
    fewer = {"ok": "told", "refused": "none", "down": "down", "closed": "down"}
    assert findings(database, changed(outcomes=fewer)) == [("L13", "issue sans suite : unknown")]
    more = {**FLOW["screens"]["call"]["outcomes"], "late": "down"}
    assert findings(database, changed(outcomes=more)) == [("L13", "issue inexistante : late")]
    odd = {"connector": "meteo", "pays": "CM"}
    assert findings(database, changed(**{"with": odd})) == [("L13", "entrée inconnue de http.call : pays")]


def test_a_phone_reads_what_another_system_answered(database: Database, elsewhere: Elsewhere) -> None:
    save(database, elsewhere)
    answer(elsewhere, {"demain": {"texte": "Soleil", "t": 31}})
    assert _walk(database, "Douala") == "Douala: Soleil, 31 degrés."
    answer(elsewhere, {}, 404)
    assert _walk(database, "Atlantis") == "Ville inconnue."
    elsewhere.body = b"oops"
    elsewhere.status = 200
    assert _walk(database, "Douala") == "Météo indisponible."
    assert [path for _, path, _, _ in elsewhere.asked] == ["/villes/Douala", "/villes/Atlantis", "/villes/Douala"]


def test_a_connector_that_hangs_holds_up_no_pin() -> None:
    pools = {name: pool_of(SlowStep(REGISTRY[name], {})) for name in ("http.call", "pin.verify")}
    assert isinstance(pools["http.call"], SlowPool)
    assert pools["http.call"] is not pools["pin.verify"]


def _walk(database: Database, city: str) -> str:
    with database.transaction() as session:
        context = {"session": session, "registry": REGISTRY}
        phone = Phone(parse_flow(FLOW), World.fresh(), extra=context)
        phone.dial()
        return phone.answer(city)
