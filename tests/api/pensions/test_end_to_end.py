"""The document's example from its login to the money, through our doors and the adapter's real wire."""

from collections.abc import Iterator

import pytest

from core import clock
from core.database import Database, driver
from tests.api.pensions.conftest import EXAMPLE, MANAGER, ROOT, SignIn
from tests.builders.pensions import PensionWorld
from tests.builders.switch import START, Switch
from tests.providers.conftest import Fakes, _fake_server, fakes

__all__ = ["_fake_server", "fakes"]


@pytest.fixture
def switch(database: Database, world: PensionWorld, fakes: Fakes) -> Iterator[Switch]:
    """Give an adapter behind the caisse of the document, on a day of December 2025."""
    with clock.travel(START) as traveller:
        fakes.forget()
        address = f"{fakes.url}/mojaloop"
        with database.transaction() as session:
            driver(session).execute("update provider_account set base_url = %s", (address,))
        made = Switch(database, world, fakes.kernel, traveller, address)
        made.run()
        yield made


@pytest.mark.parametrize("is_previewed", [False, True])
def test_a_hundred_and_twenty_five_thousand_francs_reach_two_phones_once_each(
    switch: Switch, sign_in: SignIn, *, is_previewed: bool
) -> None:
    manager = sign_in(MANAGER)
    sent = manager.upload(EXAMPLE, to="/preview" if is_previewed else "", cycle="2025-12")
    assert sent.status_code == 200, sent.text
    at = f"{ROOT}/{sent.json()['bulkTransferId']}"
    switch.work()
    if is_previewed:
        assert switch.book == []  # a draft asks who they are, and pays nobody
        assert manager.post(f"{at}/confirm").json()["stage"] == "QUEUED"
        switch.work()

    assert sorted((row.party, row.amount_minor) for row in switch.book) == [
        ("2290197000001", 50_000),
        ("2290197000002", 75_000),
    ]
    status = manager.get(f"{at}/status").json()
    assert (status["state"], status["stage"], status["completed"], status["progress_percent"]) == (
        "COMPLETED",
        "COMPLETED",
        2,
        100.0,
    )
    assert [row["status"] for row in status["individualTransfers"]] == ["COMPLETED", "COMPLETED"]
    assert all(row["fulfilment"] for row in status["individualTransfers"])
    assert manager.get(f"{at}/wait").json()["completed_count"] == 2
    details = manager.get(f"{at}/details").json()
    assert details["amounts"]["completed"] == 125_000
    assert [row["payee_party_identifier"] for row in details["individual_transfers"]] == ["22997000001", "22997000002"]
    for row in details["individual_transfers"]:
        receipt = manager.get(f"{at}/payments/{row['transfer_id']}/receipt").json()
        assert (receipt["proof"], receipt["transferId"]) == ("verified", row["mojaloop_transfer_id"])
    (account,) = manager.get("/api/accounts").json()
    assert (account["balance"], account["reserved"], account["available"]) == (875_000, 0, 875_000)

    again = manager.upload(EXAMPLE, name="bis.csv", cycle="2025-12")
    assert (again.status_code, again.json()["code"]) == (409, "same_file")
    claim = manager.call("PUT", f"/api/transfers/{details['individual_transfers'][0]['id']}", json={})
    assert claim.json()["status"] == "COMPLETED"
    switch.work()
    assert len(switch.book) == 2


@pytest.mark.parametrize("mode", ["one_step", "two_step"])
def test_one_of_two_fails_and_is_told_why(switch: Switch, sign_in: SignIn, mode: str) -> None:
    switch.run(mode)
    manager = sign_in(MANAGER)
    sent = manager.upload(EXAMPLE.replace(b"22997000002", b"22997000918"))  # the fake blocks this account
    at = f"{ROOT}/{sent.json()['bulkTransferId']}"
    switch.pass_time()
    details = manager.get(f"{at}/details").json()
    assert (details["state"], details["stage"]) == ("COMPLETED", "PARTIALLY_COMPLETED"), details
    assert details["statistics"]["success_rate"] == 50.0
    failed = details["individual_transfers"][1]
    assert (failed["status"], failed["error_code"], failed["retryable"]) == ("FAILED", "5400", False)
    assert failed["error_description"].startswith("Compte bloqué ou non autorisé")
    assert manager.post(f"{at}/retry").json()["code"] == "nothing_to_retry"
