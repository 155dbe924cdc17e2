"""`PUT /api/transfers/{id}`: a hint is kept and the switch is asked sooner; whatever it claims, nothing moves."""

import pytest
from pydantic import SecretStr

from core.database import Database, fetch_all
from core.settings import get_settings
from models.pension_stages import BatchStage, PaymentStage
from models.pensions import PensionBatch
from tests.api.pensions.conftest import ADMIN, FOREIGNER, MANAGER, NOBODY, ROOT, SUPERVISOR, Client, SignIn
from tests.builders.pension_batches import put, some
from tests.builders.pensions import PensionWorld

AT = "/api/transfers"
TOKEN = "jeton-de-l-adaptateur-0123456789"
CLAIM = {"currentState": "COMPLETED", "fulfilment": "WLctttbu2HvTsa1XWvUoGRcQozHsqeu9Ahl2JW9Bsu8"}


@pytest.fixture
def batch(database: Database, world: PensionWorld) -> PensionBatch:
    """Write a batch of which two payments are out."""
    return put(database, world.own, some(PaymentStage.SENT, 2), BatchStage.PROCESSING)


def test_a_hint_answers_what_we_know_and_moves_nothing(
    database: Database, manager: Client, batch: PensionBatch
) -> None:
    before = manager.get(f"{ROOT}/{batch.bulk_id}").json()
    payment = before["individual_transfers"][0]
    for name in (payment["transfer_id"], payment["id"], payment["mojaloop_transfer_id"]):
        for path in (f"{AT}/{name}", f"{AT}/{name}/"):
            heard = manager.call("PUT", path, json=CLAIM)
            assert (heard.status_code, heard.json()) == (200, {"transferId": name, "status": "PROCESSING"}), heard.text
    assert manager.get(f"{ROOT}/{batch.bulk_id}").json() == before
    with database.transaction() as session:
        rows = fetch_all(session, "select claimed_state, body, repeats, transfer_id from inbound_event")
    assert len(rows) <= 2  # one counts in five seconds
    assert sum(row["repeats"] + 1 for row in rows) == 6
    assert {row["claimed_state"] for row in rows} == {"COMPLETED"}


def test_who_may_hint(sign_in: SignIn, batch: PensionBatch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "mojaloop_callback_token", SecretStr(TOKEN))
    manager = sign_in(MANAGER)
    name = manager.get(f"{ROOT}/{batch.bulk_id}").json()["individual_transfers"][0]["transfer_id"]
    adapter, guess, nobody = Client(manager.http, TOKEN), Client(manager.http, TOKEN[:-1] + "x"), Client(manager.http)
    seen = {
        who: (answer.status_code, answer.json().get("code"))
        for who, client in {
            **{email: sign_in(email) for email in (MANAGER, SUPERVISOR, ADMIN, FOREIGNER, NOBODY)},
            "adapter": adapter,
            "guess": guess,
            "nobody": nobody,
        }.items()
        for answer in [client.call("PUT", f"{AT}/{name}", json=CLAIM)]
    }
    assert seen == {
        MANAGER: (200, None),
        SUPERVISOR: (403, "permission_denied"),
        ADMIN: (403, "permission_denied"),
        FOREIGNER: (404, "not_found"),
        NOBODY: (404, "not_found"),
        "adapter": (200, None),
        "guess": (401, "token_not_valid"),
        "nobody": (401, "not_authenticated"),
    }
    assert adapter.get(f"{ROOT}/{batch.bulk_id}").status_code == 401  # the token opens nothing else
    unknown = sign_in(FOREIGNER).call("PUT", f"{AT}/bulk-000000000000-0000002", json=CLAIM)
    assert unknown.content == sign_in(FOREIGNER).call("PUT", f"{AT}/{name}", json=CLAIM).content


def test_without_a_token_of_ours_nobody_is_the_adapter(manager: Client, batch: PensionBatch) -> None:
    assert get_settings().mojaloop_callback_token.get_secret_value() == ""
    for token in ("", " "):
        header = {"Authorization": f"Bearer {token}"}
        answer = Client(manager.http).call("PUT", f"{AT}/{batch.bulk_id}-0000002", json=CLAIM, headers=header)
        assert answer.status_code == 401


def test_what_is_no_hint(manager: Client, batch: PensionBatch) -> None:
    name = manager.get(f"{ROOT}/{batch.bulk_id}").json()["individual_transfers"][0]["transfer_id"]
    for body in (b"", b"{", b"[]", b"null", b"12", b'"x"', b"\xff", b"[" * 100_000, b'{"a":' * 5_000, b" " * 20_000):
        refused = manager.call("PUT", f"{AT}/{name}", content=body)
        assert (refused.status_code, set(refused.json()), refused.json()["code"]) == (
            400,
            {"error", "code"},
            "bad_json",
        )
    for body in (b"{}", b'{"currentState": ["x"], "fulfilment": {}}', b'{"currentState": "\\u0000\\ud800"}'):
        assert manager.call("PUT", f"{AT}/{name}", content=body).status_code == 200, body
    large = manager.call("PUT", f"{AT}/{name}", content=b'{"a":"' + b"x" * (1 << 20) + b'"}')
    assert (large.status_code, large.json()["code"]) == (413, "trop_volumineux")
