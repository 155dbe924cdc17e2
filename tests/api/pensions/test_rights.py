"""Who may ask what at the doors: every role, in its own organisation, in another, in none, from one table (B).

What is another organisation's answers as what does not exist: the same octets.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from httpx import Response

from core.database import Database
from models.pension_stages import BatchStage, PaymentStage
from models.pensions import PensionBatch
from tests.api.pensions.conftest import (
    ADMIN,
    EXAMPLE,
    FOREIGNER,
    MANAGER,
    NOBODY,
    ROOT,
    SUPERVISOR,
    Client,
    SignIn,
)
from tests.builders.pension_batches import paid, put, some
from tests.builders.pensions import PensionWorld

PEOPLE = {"manager": MANAGER, "supervisor": SUPERVISOR, "admin": ADMIN, "nobody": NOBODY, "foreigner": FOREIGNER}
REASON = {"reason": "Vérification demandée"}
SETTLED = {"outcome": "failed", "proof_id": "relevé 12", **REASON}


@dataclass(frozen=True)
class Door:
    """One address, and who passes: `+` goes on to the rules of the batch, `-` may not, `0` finds nothing there."""

    method: str
    path: str
    manager: str
    supervisor: str
    admin: str
    body: Any = None

    def expected(self) -> dict[str, str]:
        """Return what each person gets; a stranger and a foreigner find nothing."""
        own = {"manager": self.manager, "supervisor": self.supervisor, "admin": self.admin}
        return {**own, "nobody": "0", "foreigner": "0"}


BATCH = (
    Door("GET", "", "+", "+", "+"),
    Door("GET", "/details", "+", "+", "+"),
    Door("GET", "/status", "+", "+", "+"),
    Door("GET", "/wait?timeout=1", "+", "+", "+"),
    Door("GET", "/payments", "+", "+", "+"),
    Door("GET", "/payments/{payment}", "+", "+", "+"),
    Door("GET", "/payments/{payment}/receipt", "+", "+", "+"),
    Door("GET", "/report?format=csv", "+", "+", "+"),
    Door("POST", "/confirm", "+", "-", "-", {}),
    Door("POST", "/cancel", "+", "-", "-", REASON),
    Door("POST", "/pause", "+", "+", "+", REASON),
    Door("POST", "/resume", "+", "-", "-", REASON),
    Door("POST", "/retry", "+", "-", "-", {}),
    Door("POST", "/approve", "-", "+", "-", {"seal": "sha256:faux"}),
    Door("POST", "/reject", "-", "+", "-", REASON),
    Door("POST", "/payments/{payment}/release", "+", "-", "-", REASON),
    Door("POST", "/payments/{payment}/refuse", "+", "-", "-", REASON),
    Door("POST", "/payments/{payment}/inquire", "+", "+", "+"),
    Door("POST", "/payments/{payment}/settle", "+", "+", "+", SETTLED),
)


@pytest.fixture
def batch(database: Database, world: PensionWorld) -> PensionBatch:
    """Write a batch at work, without four eyes."""
    return put(database, world.own, [*paid(2), *some(PaymentStage.SENDING, 2)], BatchStage.PROCESSING)


def verdict(answer: Response) -> str:
    """Read who passes from an answer: what a rule of the batch refuses was let in."""
    if answer.status_code == 403 and answer.json()["code"] == "permission_denied":
        assert set(answer.json()) == {"detail", "code"}
        return "-"
    if answer.status_code == 404:
        return "0"
    assert answer.status_code in {200, 201, 400, 408, 409}, answer.text
    return "+"


def test_every_role_at_every_door_of_a_batch(sign_in: SignIn, batch: PensionBatch) -> None:
    clients = {name: sign_in(email) for name, email in PEOPLE.items()}
    payment = f"{batch.bulk_id}-0000002"
    seen, wanted = {}, {}
    for door in BATCH:
        path = ROOT + "/" + batch.bulk_id + door.path.format(payment=payment)
        for name, expected in door.expected().items():
            answer = clients[name].call(door.method, path, json=door.body)
            seen[door.method, door.path, name], wanted[door.method, door.path, name] = verdict(answer), expected
        nobody = Client(clients["manager"].http).call(door.method, path, json=door.body)
        assert (nobody.status_code, nobody.json()["code"]) == (401, "not_authenticated"), path
        assert nobody.headers["www-authenticate"] == "Bearer"
    assert seen == wanted


def test_what_is_anothers_answers_as_what_is_not_there(sign_in: SignIn, batch: PensionBatch) -> None:
    clients = [sign_in(email) for email in (FOREIGNER, NOBODY)]
    payment = f"{batch.bulk_id}-0000002"
    for client in clients:
        for door in BATCH:
            theirs = client.call(
                door.method, f"{ROOT}/{batch.bulk_id}{door.path.format(payment=payment)}", json=door.body
            )
            unknown = client.call(
                door.method, f"{ROOT}/bulk-0123456789ab{door.path.format(payment='x-1')}", json=door.body
            )
            assert theirs.status_code == unknown.status_code == 404, (door, theirs.text)
            assert theirs.content == unknown.content
            names = {name.lower() for name in theirs.headers} - {"x-request-id", "x-process-time"}
            assert names == {name.lower() for name in unknown.headers} - {"x-request-id", "x-process-time"}
            assert batch.bulk_id.encode() not in theirs.content


def test_lists_hold_what_is_ones_own(database: Database, sign_in: SignIn, world: PensionWorld) -> None:
    own, theirs = put(database, world.own, paid(1)), put(database, world.foreign, paid(2))
    seen: dict[str, Any] = {}
    for name, email in PEOPLE.items():
        client = sign_in(email)
        history, accounts = client.get(f"{ROOT}/history"), client.get("/api/accounts")
        if name == "nobody":
            assert [answer.json()["code"] for answer in (history, accounts)] == ["permission_denied"] * 2
            continue
        seen[name] = (
            {line["bulk_id"] for line in history.json()["results"]},
            [row["account_id"] for row in accounts.json()],
        )
    ours, neighbours = ({own.bulk_id}, ["ACC-CNSS-BJ-001"]), ({theirs.bulk_id}, ["ACC-CNPS-CI-001"])
    assert seen == {
        "manager": ours,
        "supervisor": ours,
        "foreigner": neighbours,
        "admin": ({own.bulk_id, theirs.bulk_id}, ["ACC-CNPS-CI-001", "ACC-CNSS-BJ-001"]),
    }


def test_the_wrong_rows_of_a_file_are_its_senders(sign_in: SignIn) -> None:
    sent = sign_in(MANAGER).upload(EXAMPLE.replace(b"XOF,50000", b"NGN,50000"))
    file_id = sent.json()["file_id"]
    answers: dict[str, Callable[[str], Response]] = {name: sign_in(email).get for name, email in PEOPLE.items()}
    for file_format in ("json", "csv"):
        at = f"{ROOT}/files/{{}}/errors?format={file_format}"
        found = {name: verdict(get(at.format(file_id))) for name, get in answers.items()}
        assert found == {"manager": "+", "supervisor": "-", "admin": "-", "nobody": "0", "foreigner": "0"}
        unknown = answers["foreigner"](at.format("01a1ff24-0000-7000-8000-000000000000"))
        assert unknown.content == answers["foreigner"](at.format(file_id)).content
        assert answers["manager"](at.format("pas-un-id")).status_code == 404


def test_a_token_of_somebody_with_a_temporary_password_opens_nothing(
    database: Database, sign_in: SignIn, batch: PensionBatch
) -> None:
    manager = sign_in(MANAGER)
    with database.transaction() as session:
        session.connection().exec_driver_sql(
            "update users set must_change_password = true where email = %s", (MANAGER,)
        )
    for path in (f"/{batch.bulk_id}", "/history", f"/{batch.bulk_id}/stream", f"/{batch.bulk_id}/wait"):
        refused = manager.get(ROOT + path)
        assert (refused.status_code, refused.json()["code"]) == (403, "password_change_required")
    assert manager.upload().json()["code"] == "password_change_required"
    assert manager.get("/api/auth/profile").json()["must_change_password"] is True


def test_names_that_no_row_could_have_are_unknown(sign_in: SignIn, batch: PensionBatch) -> None:
    manager = sign_in(MANAGER)
    for name in ("%00", "a%00b", "..%2f..", "x" * 5000, "é", "%ff", "'--", "bulk-%25"):
        for path in (f"{ROOT}/{name}", f"{ROOT}/{name}/status", f"{ROOT}/{batch.bulk_id}/payments/{name}"):
            answer = manager.get(path)
            assert answer.status_code == 404, (path[:80], answer.text)
            assert answer.json()["code"] == "not_found"
