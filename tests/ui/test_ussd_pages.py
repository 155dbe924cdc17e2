"""What an operator does in the USSD section, and what a reader does not see."""

from datetime import timedelta

from nicegui import ui
from sqlmodel import select

from core import clock
from core.database import Database, fetch_all, fetch_one
from models.ussd import UssdService
from services import ussd_sessions
from tests.builders import traffic
from tests.builders.traffic import Line, Step
from tests.services.wallet_world import AWA, JEAN, READER, balance, send, user_id
from tests.ui.ussd_world import (
    NARROW,
    NO_BREAK,
    Handset,
    Open,
    as_operator,
    bank,
    elements,
    endpoint_port,
    give_reason,
    page,
    press,
    rows,
    until_rows,
)
from ui import live

__all__ = ["as_operator", "bank", "endpoint_port"]


# The board


def busy_line(bank: Database) -> None:
    """Write one open dialogue on the amount, one that failed, and one that waits since two minutes."""
    moment = clock.now()
    with bank.transaction() as session:
        service = session.exec(select(UssdService).where(UssdService.key == "wallet")).one()
        gateway = fetch_one(session, "select id from ussd_gateway where key = 'doc-b'")
        assert service.live_version_id is not None
        assert gateway is not None
        line = Line(service.id, service.live_version_id, gateway["id"])
        steps = [Step("home", 12_000), Step("t_to", 14_000), Step("t_amount", 16_000)]
        begun = moment - timedelta(seconds=20)
        traffic.add_session(session, line, begun, steps, state="open", network="MTN", phone=JEAN)
        failed = [Step("home", 40_000, is_error=True)]
        traffic.add_session(session, line, begun, failed, state="failed", network="Orange", phone=AWA)
        waiting = moment - timedelta(seconds=150)
        traffic.add_session(session, line, waiting, [Step("home")], state="open", network="Orange", phone=AWA)


async def test_the_board_says_what_happens_now_and_follows(as_operator: Open, bank: Database) -> None:
    busy_line(bank)
    async with as_operator("/ussd-console") as user:
        await user.should_see("1 sur 5 étapes", retries=30)
        await user.should_see(f"20,0{NO_BREAK}%", retries=30)
        shown = rows(user, "idle")
        assert [(row["phone"], row["_under"], row["state"]["word"]) for row in shown] == [
            ("+23767****02", "Montant", "En cours"),
            ("+23769****01", "Accueil", "Sans réponse"),
        ]
        await user.should_see("Orange", retries=30)
        with bank.transaction() as session:
            session.connection().exec_driver_sql("update ussd_session set state = 'ended' where network = 'MTN'")
        live.hub.deliver({"topic": "ussd"})
        await until_rows(user, "idle", "phone", ["+23769****01"])


async def test_a_list_held_still_does_not_move(as_operator: Open, bank: Database) -> None:
    busy_line(bank)
    async with as_operator("/ussd-console") as user:
        await user.should_see("1 sur 5 étapes", retries=30)
        press(user, "Suspendre")
        await user.should_see("Reprendre", retries=30)
        with bank.transaction() as session:
            session.connection().exec_driver_sql("update ussd_session set state = 'ended'")
        live.hub.deliver({"topic": "ussd"})
        await user.should_see(">0</span>", retries=30)  # the figure follows, the list does not
        assert len(rows(user, "idle")) == 2
        press(user, "Reprendre")
        await user.should_see("Aucune session ouverte.", retries=30)


async def test_a_reader_watches_the_board_without_a_phone(as_operator: Open, bank: Database) -> None:
    busy_line(bank)
    async with as_operator("/ussd-console", "lecteur") as user:
        await user.should_see("1 sur 5 étapes", retries=30)
        await user.should_not_see("Raccrocher")
        assert JEAN not in page(user)


# One dialogue


def last_session(bank: Database) -> str:
    with bank.transaction() as session:
        row = fetch_one(session, "select id from ussd_session order by created_at desc limit 1")
    assert row is not None
    return str(row["id"])


async def walked(as_operator: Open, bank: Database) -> str:
    """Walk a transfer to its PIN screen on the phone and return the session."""
    async with as_operator("/ussd-console/telephone") as user:
        await Handset(user).send()
    return last_session(bank)


async def test_a_dialogue_is_seen_as_it_was_and_ended(as_operator: Open, bank: Database) -> None:
    session_id = await walked(as_operator, bank)
    async with as_operator(f"/ussd-console/sessions/{session_id}") as user:
        await user.should_see("Entrez le numéro du bénéficiaire", retries=30)
        await user.should_see("Montant: 5 000 FCFA", retries=30)
        await user.should_see("Cette session n’a rien déplacé.", retries=30)
        await user.should_see(AWA, retries=30)
        press(user, "Terminer la session")
        await give_reason(user, "Terminer la session")
        await user.should_see("Session terminée.", retries=30)
        await user.should_see("Terminée", retries=30)
    with bank.transaction() as session:
        row = fetch_one(session, "select state from ussd_session where id = %s", (session_id,))
        trail = fetch_one(session, "select summary from audit_entry where action = 'ussd.end_session'")
        assert balance(session, JEAN) == 2_500
    assert row == {"state": "ended"}
    assert trail == {"summary": "demande de la personne"}


async def test_a_reader_sees_the_way_but_no_number_and_no_text(as_operator: Open, bank: Database) -> None:
    session_id = await walked(as_operator, bank)
    async with as_operator(f"/ussd-console/sessions/{session_id}", "lecteur") as user:
        await user.should_see("+23769****01", retries=30)
        await user.should_see("Votre rôle ne montre pas les textes des écrans.", retries=30)
        await user.should_see("Bénéficiaire", retries=30)
        shown = page(user)
    for hidden in (AWA, "677000002", "5 000 FCFA"):
        assert hidden not in shown
    with bank.transaction() as session:
        steps = ussd_sessions.list_steps(session, READER, fetch_all(session, "select id from ussd_session")[0]["id"])
    assert [(step.typed, step.shown) for step in steps] == [(None, None)] * 5


async def test_an_operation_leads_to_its_entries_and_its_dialogue(as_operator: Open, bank: Database) -> None:
    operation = send(bank, AWA, JEAN, 5_000)
    async with as_operator(f"/ussd-console/operations/{operation.id}") as user:
        await user.should_see(operation.reference, retries=30)
        await user.should_see("Awa Mbarga", retries=30)
        await user.should_see("Frais perçus", retries=30)
        await user.should_not_see('href="/grand-livre/operations')
    async with as_operator(f"/ussd-console/operations/{operation.id}", "admin") as user:
        await user.should_see('href="/grand-livre/operations', retries=30)
    async with as_operator(f"/ussd-console/operations/{operation.id}", "lecteur") as user:
        await user.should_see("Portefeuille · +23769****01", retries=30)
        assert AWA not in page(user)
        assert JEAN not in page(user)


# Subscribers


async def test_a_person_is_found_by_number_reference_and_name(as_operator: Open, bank: Database) -> None:
    reference = send(bank, AWA, JEAN, 1_000).reference
    async with as_operator("/ussd-console/abonnes") as user:
        boxes = [each for each in elements(user) if isinstance(each, ui.input)]
        box = next(each for each in boxes if each.props.get("aria-label") == "Numéro, référence ou nom")
        for sought, found in (
            ("699000001", ["Awa Mbarga"]),
            (reference, ["Awa Mbarga", "Jean Nkolo"]),
            ("nko", ["Jean Nkolo"]),
            ("personne", []),
        ):
            box.value = sought
            await until_rows(user, "level", "name", found)


async def test_a_card_has_the_ledgers_figures_and_follows_them(as_operator: Open, bank: Database) -> None:
    send(bank, AWA, JEAN, 5_000)
    with bank.transaction() as session:
        awa = user_id(session, AWA)
    async with as_operator(f"/ussd-console/abonnes/{awa}") as user:
        await user.should_see(f">4{NARROW}950</span>", retries=30)
        await user.should_see(f"5{NARROW}050{NO_BREAK}F{NO_BREAK}CFA", retries=30)
        await user.should_see("3 / 3", retries=30)
        await user.should_see("Argent envoyé", retries=30)
        await user.should_see("Jean Nkolo", retries=30)
        await until_rows(user, "reference", "kind", ["Solde d’ouverture", "Transfert"])
        (line, opening) = rows(user, "reference")
        assert (line["kind"], line["amount"]) == ("Transfert", f"\N{MINUS SIGN}5{NARROW}050{NO_BREAK}F{NO_BREAK}CFA")
        assert opening["balance"] == f"10{NARROW}000{NO_BREAK}F{NO_BREAK}CFA"
        send(bank, AWA, JEAN, 1_000)
        live.hub.deliver({"topic": "ussd"})
        await user.should_see(f">3{NARROW}900</span>", retries=30)


async def test_an_operator_suspends_and_reactivates_with_a_reason(as_operator: Open, bank: Database) -> None:
    with bank.transaction() as session:
        awa = user_id(session, AWA)
    async with as_operator(f"/ussd-console/abonnes/{awa}") as user:
        press(user, "Suspendre")
        await user.should_see("Suspendre Awa Mbarga", retries=30)
        press(user, "Suspendre Awa Mbarga")
        await user.should_see("Écrivez un motif de trois lettres au moins.", retries=30)
        await give_reason(user, "Suspendre Awa Mbarga")
        await user.should_see("Abonné suspendu.", retries=30)
        press(user, "Réactiver")
        await give_reason(user, "Réactiver Awa Mbarga")
        await user.should_see("Abonné réactivé.", retries=30)
    with bank.transaction() as session:
        trail = fetch_all(session, "select action from audit_entry where subject_id = %s order by id", (str(awa),))
    assert [row["action"] for row in trail] == ["subscriber.suspend", "subscriber.reactivate"]


async def test_an_operator_gives_back_the_tries_of_a_pin(as_operator: Open, bank: Database) -> None:
    with bank.transaction() as session:
        awa = user_id(session, AWA)
        session.connection().exec_driver_sql(
            "update pin_credential set tries = 3, locks = 1, locked_until = now() + interval '10 min'"
        )
    async with as_operator(f"/ussd-console/abonnes/{awa}") as user:
        await user.should_see("Bloqué", retries=30)
        press(user, "Débloquer le code")
        await give_reason(user, "Demander le déblocage")
        await user.should_see(f"Demandé{NO_BREAK}: une autre personne décide.", retries=30)
        await user.should_see("Retirer ma demande", retries=30)
    with bank.transaction() as session:
        assert fetch_one(session, "select tries from pin_credential where user_id = %s", (awa,)) == {"tries": 3}
    async with as_operator(f"/ussd-console/abonnes/{awa}", "collegue") as user:
        await user.should_see("Approuver", retries=30)
        press(user, "Approuver")
        await user.should_see("Vous signez en second.", retries=30)
        press(user, "Approuver et faire")
        await user.should_see("Approuvé, et fait.", retries=30)
        await user.should_see("3 / 3", retries=30)
    with bank.transaction() as session:
        row = fetch_one(session, "select tries, locks, locked_until from pin_credential where user_id = %s", (awa,))
    assert row == {"tries": 0, "locks": 0, "locked_until": None}


async def test_a_reader_sees_a_masked_card_and_no_act(as_operator: Open, bank: Database) -> None:
    send(bank, AWA, JEAN, 5_000)
    with bank.transaction() as session:
        awa = user_id(session, AWA)
    async with as_operator(f"/ussd-console/abonnes/{awa}", "lecteur") as user:
        await user.should_see("+23769****01", retries=30)
        await user.should_see("Votre rôle ne montre pas les textes des messages.", retries=30)
        for act in ("Suspendre", "Réactiver", "Débloquer le code", "Emporter ses données", "Effacer"):
            await user.should_not_see(act)
        assert AWA not in page(user)
        assert "Envoi de" not in page(user)
