"""The queue of what nobody knows: oldest first, settled with a proof, two persons where money leaves."""

from datetime import timedelta
from typing import Any

import pytest
from nicegui import ui

from core import clock
from core.database import Database
from core.permissions import Role, Scope
from models.transfers import Transfer
from services import unknowns
from services.unknowns import AttachProof
from tests.builders import payments, transfer_rows
from tests.ui.conftest import signed_in
from tests.ui.hands import field, open_row, press, rows, shown, stored, until

HOUR = timedelta(hours=1)


def operator(house: Database, name: str = "Inès Quenum") -> str:
    return signed_in(house, name, Scope.USSD, Role.OPERATEUR)


@pytest.fixture
def lost(house: Database) -> dict[str, Transfer]:
    """A collect of 5 000 unknown for three hours, and a payout of 12 000 for five; another one is known."""
    now = clock.now()
    with house.transaction() as session:
        mtn = transfer_rows.account(session)
        transfer_rows.transfer(session, mtn)
        collect = transfer_rows.transfer(session, mtn, "unknown", at=now - 3 * HOUR, reads=14)
        payout = transfer_rows.transfer(session, mtn, "unknown", minor=12_000, at=now - 5 * HOUR, direction="payout")
        return {"collect": collect, "payout": payout}


def prove(house: Database, row: Transfer) -> None:
    actor = payments.operator(house)
    with house.transaction() as session:
        order = AttachProof(
            transfer_id=row.id, file_name="releve.csv", content_type="text/csv", content=b"2026-11-21;5000;OK"
        )
        unknowns.attach_proof(session, actor, order)


async def test_the_oldest_comes_first_with_what_its_provider_allows(
    open_console: Any, house: Database, lost: dict[str, Transfer]
) -> None:
    async with open_console(operator(house)) as user:
        await user.open("/paiements/inconnus")
        found = await rows(user, 2)
        assert [row["id"] for row in found] == [str(lost["payout"].id), str(lost["collect"].id)]
        assert [row["age"] for row in found] == ["5\u00a0h", "3\u00a0h"]
        assert found[1]["reads"] == "14"
        assert found[0]["allows"] == "absence = preuve"
        assert found[0]["next"].startswith("dans ")
        assert found[0]["_href"] == f"/paiements/transferts/{lost['payout'].id}"


async def test_the_count_is_at_home_and_in_the_rail(
    open_console: Any, house: Database, lost: dict[str, Transfer]
) -> None:
    assert len(lost) == 2
    async with open_console(operator(house)) as user:
        await user.open("/")
        await user.should_see("Transferts au sort inconnu\u00a0: 2")
        rail = next(one.content for one in shown(user, ui.html) if "rail-item" in str(one.content))
        line = rail[rail.index("/paiements/inconnus") :]
        assert 'aria-label="2 en attente"' in line[: line.index("</a>")]


async def test_nothing_is_settled_without_a_proof(
    open_console: Any, house: Database, lost: dict[str, Transfer]
) -> None:
    async with open_console(operator(house)) as user:
        await user.open(f"/paiements/transferts/{lost['collect'].id}")
        await user.should_see("Aucune preuve jointe")
        assert "Régler…" not in [one.text for one in shown(user, ui.button)]


async def test_a_collect_is_settled_by_one_person_with_a_proof(
    open_console: Any, house: Database, lost: dict[str, Transfer]
) -> None:
    row = lost["collect"]
    prove(house, row)
    async with open_console(operator(house)) as user:
        await user.open(f"/paiements/transferts/{row.id}")
        await user.should_see("releve.csv")
        press(user, "Régler…")
        await user.should_see("seront comptabilisés aussitôt")
        field(user, "Comment a-t-il fini").value = "failed"
        await user.should_see("Rien ne sera comptabilisé.")
        field(user, "Motif").value = "not_approved"
        field(user, "Ce que dit la preuve").value = "Relevé du 21, ligne 4 : refusé"
        press(user, "Régler\u00a0: échoué")
        await user.should_see("Réglé.", retries=20)
    found = stored(house, "select cause, reason, detail, actor from transfer_event where to_state = 'failed'")
    assert found == {
        "cause": "operator",
        "reason": "not_approved",
        "detail": "Relevé du 21, ligne 4 : refusé",
        "actor": "Inès Quenum",
    }


async def test_a_payout_waits_for_a_second_person_who_is_another(
    open_console: Any, house: Database, lost: dict[str, Transfer]
) -> None:
    row = lost["payout"]
    prove(house, row)
    first, second = operator(house), operator(house, "Codjo Agossou")
    async with open_console(first) as user:
        await user.open(f"/paiements/transferts/{row.id}")
        press(user, "Régler…")
        await user.should_see("Une deuxième personne doit approuver")
        field(user, "Comment a-t-il fini").value = "failed"
        field(user, "Motif").value = "payee_limit"
        field(user, "Ce que dit la preuve").value = "Courriel de MTN du 21"
        press(user, "Demander l’accord")
        await user.should_see("une deuxième personne décidera", retries=20)
        await user.open("/paiements/inconnus")
        await user.should_see("À décider à deux", retries=20)
        assert "Approuver" not in [one.text for one in shown(user, ui.button)]
    assert stored(house, "select state from transfer where id = %s", row.id)["state"] == "unknown"
    async with open_console(second) as user:
        await user.open("/")
        await user.should_see("Décisions à prendre à deux\u00a0: 1")
        await user.open("/paiements/inconnus")
        await user.should_see("Courriel de MTN du 21", retries=20)
        press(user, "Approuver")
        await user.should_see("Vous signez en second.")
        press(user, "Approuver et faire")
        await user.should_see("Approuvé, et fait.", retries=20)
    assert stored(house, "select state from transfer where id = %s", row.id)["state"] == "failed"


async def test_cases_are_tabs_and_close_with_a_word(open_console: Any, house: Database) -> None:
    with house.transaction() as session:
        mtn = transfer_rows.account(session)
        late = transfer_rows.case(session, mtn, "late_money", provider_ref="LM-7")
        transfer_rows.case(session, mtn, "mismatch")
    async with open_console(operator(house)) as user:
        await user.open("/paiements/inconnus?onglet=late_money")
        found = await rows(user, 1)
        assert (found[0]["what"], found[0]["reference"]) == ("Argent tardif", "LM-7")
        counts = [one.content for one in shown(user, ui.html) if "tab-count" in str(one.content)]
        assert [content[content.index(">") + 1 : content.index("</")] for content in counts] == ["0", "1", "0", "1"]
        open_row(user, str(late.id))
        await user.should_see("Il attend sur le compte d’attente.", retries=20)
        press(user, "Clore…")
        await user.should_see("Ce que vous avez trouvé", retries=20)
        press(user, "Clore le dossier")
        await user.should_see("10 caractères au moins", retries=20)
        field(user, "Ce que vous avez trouvé").value = "Rendu par MTN le 20, courriel joint au dossier."
        press(user, "Clore le dossier")
        await user.should_see("Dossier clos.", retries=20)
        await rows(user, 0)
    found_case = stored(house, "select resolution from transfer_case where id = %s", late.id)
    assert found_case["resolution"].startswith("explained: Rendu par MTN")


async def test_a_reader_sees_the_queue_and_may_do_nothing(
    open_console: Any, house: Database, lost: dict[str, Transfer]
) -> None:
    async with open_console(signed_in(house, "Yao Kouassi", Scope.USSD, Role.LECTEUR)) as user:
        await user.open("/paiements/inconnus")
        await rows(user, 2)
        await user.open(f"/paiements/transferts/{lost['collect'].id}")
        texts = {one.text for one in shown(user, ui.button)}
        assert not texts & {"Joindre une preuve", "Régler…", "Interroger maintenant"}


async def test_a_proof_is_taken_from_the_browser(open_console: Any, house: Database, lost: dict[str, Transfer]) -> None:
    async with open_console(operator(house)) as user:
        await user.open(f"/paiements/transferts/{lost['collect'].id}")
        await user.should_see("Joindre une preuve")
        upload = shown(user, ui.upload)[0]
        answer = await user.http_client.post(
            upload._registered_url, files={"file": ("../relevé.pdf", b"%PDF-1.7 preuve", "application/pdf")}
        )
        assert answer.status_code == 200
        await until(lambda: stored(house, "select count(*) as n from transfer_proof")["n"] == 1)
        await user.should_see("Preuve jointe.", retries=20)
    assert stored(house, "select file_name, size_bytes from transfer_proof") == {
        "file_name": "relevé.pdf",
        "size_bytes": 15,
    }
