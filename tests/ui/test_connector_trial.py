"""An administrator tries a connector: a real request leaves, and he reads what a menu would receive."""

import json
from collections.abc import Iterator

import pytest

from core.database import Database, fetch_all, fetch_one
from core.errors import Forbidden, InvalidInput
from models.offers import FakeMode
from services import connectors
from services.connectors import TryConnector
from tests.services.elsewhere import Elsewhere, served
from tests.services.test_connectors import SECRET, answer, save
from tests.services.wallet_world import ADMIN, OPERATOR, READER
from tests.ui.hands import field, open_row, press, rows
from tests.ui.ussd_world import Open, as_operator, bank, endpoint_port, page

__all__ = ["as_operator", "bank", "endpoint_port"]


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    with served() as other:
        yield other


async def test_a_trial_asks_for_real_and_shows_what_came(
    as_operator: Open, bank: Database, elsewhere: Elsewhere
) -> None:
    save(bank, elsewhere, fake=FakeMode.REFUSED)
    answer(elsewhere, {"demain": {"texte": "Soleil", "t": 31}})
    async with as_operator("/ussd-console/offres/connecteurs", "admin") as user:
        (row,) = await rows(user, 1)
        open_row(user, row["id"])
        press(user, "Essayer")
        await user.should_see("Une vraie requête part", retries=30)
        field(user, "ville").value = "Douala"
        press(user, "Envoyer")
        await user.should_see("Répondu", retries=50)
        for words in ("200", "Soleil", "31"):
            assert f"<dd>{words}</dd>" in page(user)
        assert SECRET not in page(user)
        answer(elsewhere, {"demain": {"texte": "Soleil"}}, 404)
        press(user, "Envoyer")
        await user.should_see("unknown", retries=50)
        elsewhere.body, elsewhere.status = b"<html>", 200
        press(user, "Envoyer")
        await user.should_see("pas du JSON", retries=50)
    assert [path for _, path, _, _ in elsewhere.asked] == ["/villes/Douala"] * 3
    with bank.transaction() as session:
        trail = fetch_all(session, "select changes from audit_entry where action = 'connector.try'")
        counted = fetch_one(session, "select failures_in_row, answered_at from connector")
    assert [entry["changes"]["variables"] for entry in trail] == [["ville"]] * 3
    assert "Douala" not in json.dumps([entry["changes"] for entry in trail])
    assert counted == {"failures_in_row": 0, "answered_at": None}, "a trial counts for nothing"


def test_nobody_but_an_administrator_tries(bank: Database, elsewhere: Elsewhere) -> None:
    connector_id = save(bank, elsewhere)
    for actor in (OPERATOR, READER):
        with pytest.raises(Forbidden), bank.transaction() as session:
            connectors.prepare_trial(session, actor, TryConnector(connector_id=connector_id, values={"ville": "x"}))
    assert elsewhere.asked == []


def test_a_sample_that_does_not_read_sends_nothing(bank: Database, elsewhere: Elsewhere) -> None:
    inputs = tuple(connectors.Input(name=f"{kind}_s", type=kind) for kind in ("int", "phone", "date"))
    connector_id = save(bank, elsewhere, path="/", inputs=inputs)
    given = {"int_s": "deux", "phone_s": "12", "date_s": "hier"}
    with pytest.raises(InvalidInput) as refused, bank.transaction() as session:
        connectors.prepare_trial(session, ADMIN, TryConnector(connector_id=connector_id, values=given))
    assert set(refused.value.fields) == set(given)
    with bank.transaction() as session:
        good = {"int_s": "2", "phone_s": "677000001", "date_s": "2026-11-21"}
        trial = connectors.prepare_trial(session, ADMIN, TryConnector(connector_id=connector_id, values=good))
    assert trial.values == {"int_s": 2, "phone_s": "+237677000001", "date_s": "2026-11-21"}
