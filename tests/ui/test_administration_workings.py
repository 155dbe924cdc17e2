"""How it goes: the trail, the health, the jobs, the outbox."""

from datetime import timedelta
from threading import Event
from typing import Any

from nicegui import ui

from core import clock, i18n
from core.database import Database
from core.permissions import Actor, Permission
from jobs import books as books_job
from models.messages import Channel, MessageState
from models.tasks import RunState
from services import audit, jobs, messages
from services.messages import OutgoingMessage
from tests.builders import people
from tests.ui.hands import chief, narrow, open_row, press, rows, shown, stored, until
from ui.pages.administration import deeds, words

A = "/administration"


async def test_the_trail_is_searched_by_person_outcome_and_day(house: Database, open_console: Any) -> None:
    token = chief(house)
    kofi = Actor(people.person(house, "kofi@palabre.org"), "Kofi Adjovi", address="192.0.2.9")
    for days, act, is_refusal in ((3, "user.update", False), (2, "user.sign_in", True), (0, "api_key.revoke", False)):
        with clock.travel(clock.now() - timedelta(days=days)), house.transaction() as session:
            audit.record(session, kofi, act, "user", kofi.user_id or "", "Éléonore", {"n": days}, is_refusal=is_refusal)
    async with open_console(token) as user:
        await user.open(f"{A}/audit")
        assert [row["deed"] for row in await rows(user, 3)] == ["Clé d’API révoquée", "Connexion", "Profil modifié"]
        narrow(user, "Issue", "yes")
        (refused,) = await rows(user, 1)
        assert (refused["state"]["word"], refused["who"], refused["address"]) == ("Refusé", "Kofi Adjovi", "192.0.2.9")
        open_row(user, refused["id"])
        await user.should_see("Connexion : refusé".replace(" :", "\u00a0:"))
        await user.should_see("user.sign_in")
        narrow(user, "Issue", "")
        await rows(user, 3)
        narrow(user, "Du", (clock.now() - timedelta(days=2)).date().isoformat())
        assert len(await rows(user, 2)) == 2
        narrow(user, "Au", (clock.now() - timedelta(days=2)).date().isoformat())
        assert [row["deed"] for row in await rows(user, 1)] == ["Connexion"]
        narrow(user, "Du", "")
        narrow(user, "Au", "")
        narrow(user, "Personne, acte…", "eleonore")
        assert len(await rows(user, 3)) == 3
        await user.open(f"{A}/audit?acteur={kofi.user_id}")
        await user.should_see("Les actes d’une seule personne.")
        assert len(await rows(user, 3)) == 3


async def test_the_books_are_examined_on_request_and_a_broken_rule_is_named(house: Database, open_console: Any) -> None:
    token = chief(house)
    with house.transaction() as session:
        jobs.declare(session, [jobs.Declaration("books", "Examiner les livres", "chaque nuit", clock.now())])
    async with open_console(token) as user:
        await user.open(f"{A}/sante")
        await user.should_see("Les livres n’ont pas encore été examinés", retries=50)
        await user.should_see("À jour")
        press(user, "Vérifier maintenant")
        await user.should_see("Examen demandé", retries=20)
        assert stored(house, "select state, requested_by from job_run") == {
            "state": "requested",
            "requested_by": "Mireille Bongo",
        }
        examine(house)
        await user.should_see("Tenue", retries=100)
        rules = next(e.content for e in shown(user, ui.html) if "rules" in e.content)
        assert rules.count("Tenue") == 8
    with house.transaction() as session:
        run = jobs.begin_run(session, "books")
    with house.transaction() as session:
        broken = {"count": 2, "violations": [["compte 7", "solde -500"], ["compte 9", "solde -10"]]}
        audit.record(session, Actor(None, "Palabre"), "books.broken", "books", "3", "Règle rompue", broken)
    with house.transaction() as session:
        jobs.end_run(session, run, RunState.DONE, "Règles rompues : 3.")
    async with open_console(token) as user:
        await user.open(f"{A}/sante")
        await user.should_see("Rompue · 2", retries=50)
        await user.should_see("solde -500")
        rules = next(e.content for e in shown(user, ui.html) if "rules" in e.content)
        assert rules.count("Tenue") == 7


def examine(database: Database) -> None:
    """Run the job as the leader does."""
    with database.transaction() as session:
        run = jobs.begin_run(session, "books")
    summary = books_job.work(Event())
    with database.transaction() as session:
        jobs.end_run(session, run, RunState.DONE, summary)


async def test_a_job_is_asked_for_once_and_its_end_is_seen(house: Database, open_console: Any) -> None:
    token = chief(house)
    with house.transaction() as session:
        jobs.declare(session, [jobs.Declaration("retention", "Effacer ce qui a fait son temps", "chaque nuit", None)])
    async with open_console(token) as user:
        await user.open(f"{A}/taches")
        await user.should_see("Effacer ce qui a fait son temps")
        await user.should_see("Jamais")
        press(user, "Lancer maintenant : Effacer ce qui a fait son temps".replace(" :", "\u00a0:"))
        await user.should_see("Demandé")
        await until(lambda: stored(house, "select count(*) as count from job_run") == {"count": 1})
        assert len(people.trail(house, "jobs.run")) == 1
        with house.transaction() as session:
            run = jobs.begin_run(session, "retention")
        with house.transaction() as session:
            jobs.end_run(session, run, RunState.FAILED, "Échec : disque plein.")
        await user.should_see("Échec\u00a0: disque plein.", retries=100)
        press(user, "Exécutions de «\u00a0Effacer ce qui a fait son temps\u00a0»")
        await user.should_see("demandée par Mireille Bongo")


async def test_the_outbox_hides_codes_and_numbers(house: Database, open_console: Any) -> None:
    token = chief(house)
    base = {"type": "code_verification", "template_code": "code_verification", "variables": {"minutes": 15}}
    with house.transaction() as session:
        for key, channel, address in (("1", Channel.SMS, "+237699000001"), ("2", Channel.EMAIL, "awa@exemple.org")):
            made = OutgoingMessage(dedupe_key=key, channel=channel, address=address, secrets={"code": "730518"}, **base)
            written = messages.enqueue(session, made)
        messages.record_progress(session, written, MessageState.SENT)
    async with open_console(token) as user:
        await user.open(f"{A}/boite-envoi")
        both = await rows(user, 2)
        assert [(row["channel"], row["state"]["word"], row["segments"]) for row in both] == [
            ("E-mail", "Envoyé", ""),
            ("SMS", "En file", 1),
        ]
        assert "730518" not in str(both)
        assert "+237699000001" not in str(both)
        narrow(user, "Canal", "sms")
        (sms,) = await rows(user, 1)
        open_row(user, sms["id"])
        await user.should_see("Code •••••• pour Palabre")
        await user.should_see("code_verification")
        narrow(user, "Canal", "")
        narrow(user, "État", "sent")
        open_row(user, (await rows(user, 1))[0]["id"])
        await user.should_see("Modèle")


def test_every_code_has_a_word_and_its_english() -> None:
    assert {one for group in words.PERMISSIONS.values() for one in group} == set(Permission)
    assert set(words.MESSAGE_TYPES) >= set(messages.templates())
    assert (set(words.CHANNELS), set(words.MESSAGE_STATES)) == (set(Channel), set(MessageState))
    assert set(words.RUN_STATES) == set(RunState)
    spoken = [
        *words.PERMISSIONS,
        *words.key_scopes().values(),
        *words.ROLES.values(),
        *words.SCOPES.values(),
        *words.CHANNELS.values(),
        *words.MESSAGE_TYPES.values(),
        *words.sign_choices(words.MESSAGE_STATES | words.USER_STATES).values(),
        *deeds.SUBJECTS.values(),
        *(sign.word for sign in deeds.DEEDS.values()),
    ]
    english = {i18n.catalogue("en").get(word) for word in spoken}
    assert None not in english
