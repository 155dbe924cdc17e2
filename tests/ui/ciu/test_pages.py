"""What the staff of a programme does at the console, and what an observer never sees."""

from collections.abc import Callable
from typing import Any

from nicegui import ui
from nicegui.testing import User

from core.permissions import Role, Scope
from services.ciu.store import exports
from services.ciu.store.conversations import TOPIC
from tests.builders.chats import AWA, BINTOU, KABILA, MUKENDI, MUKENDY, Town
from tests.ui.hands import field, narrow, open_row, press, rows, shown, stored, until
from ui import live
from ui.pages.administration import deeds

Enter = Callable[..., Any]


def texts(user: User) -> str:
    """Return all that the page says as markup, on one line."""
    return " ".join(str(one.content) for one in shown(user, ui.html))


def give(user: User, label: str, value: str) -> None:
    with user:
        field(user, label).value = value


# The board


async def test_the_board_counts_what_people_did(enter: Enter, town: Town) -> None:
    town.tell(KABILA, AWA)
    town.tell(KABILA, AWA)
    town.tell(MUKENDI, BINTOU)
    town.say("Bonjour", "+243810000007")
    town.say("douze", "+243810000007")
    async with enter() as user:
        await user.open("/ciu")
        await until(lambda: "Doublons évités" in texts(user))
        said = texts(user)
        assert "2 codes nouveaux, 1 redonnés" in said
        assert "Année de naissance" in said
        assert "Refus les plus fréquents" in said
        assert "Twilio +14155238886" in said
        assert "Français" in said
        assert 'href="/ciu/conversations"' in said
        await user.should_see("Codes par jour")


async def test_the_board_follows_a_message(enter: Enter, town: Town) -> None:
    async with enter() as user:
        await user.open("/ciu")
        await until(lambda: "Conversations ouvertes" in texts(user))
        town.say("Bonjour")
        live.hub.deliver({"topic": TOPIC})
        await until(lambda: ">1</a>" in texts(user))


async def test_an_observer_reads_no_small_count_no_queue_and_no_other_page(enter: Enter, town: Town) -> None:
    town.tell(KABILA, AWA)
    town.say("Bonjour", BINTOU)
    async with enter(Role.LECTEUR, "Léa Kasa") as user:
        await user.open("/ciu")
        await until(lambda: "Doublons évités" in texts(user))
        said = texts(user)
        assert "&lt;5" in said
        assert "Doublons à décider" not in said
        assert AWA not in said
        for path in ("codes", "conversations", "doublons"):
            assert (await user.http_client.get(f"/ciu/{path}")).status_code == 403
        await user.open("/ciu/fichiers")
        await user.should_see("Comptes")
        await user.should_not_see("Codes un par un")


# Codes


async def test_a_code_is_found_by_its_beginning_and_its_check_is_said(enter: Enter, town: Town) -> None:
    code = town.code(town.tell(KABILA, AWA))
    town.tell(("1990", "Goma", "Béa", "3", "Mbuyi"), BINTOU)
    async with enter() as user:
        await user.open("/ciu/codes")
        await rows(user, 2)
        narrow(user, "Code, ou son début", " 985-kins")
        [row] = await rows(user, 1)
        assert (row["code"], row["phone"], row["language"]) == (code, "+243•••••001", "Français")
        await until(lambda: "Début de code" in texts(user))
        narrow(user, "Code, ou son début", code.lower())
        await until(lambda: "Code complet et juste" in texts(user))
        narrow(user, "Code, ou son début", "")
        await rows(user, 2)
        narrow(user, "Langue", "en")
        await user.should_see("Rien ne correspond à ces filtres.")


async def test_a_number_is_read_with_a_reason(enter: Enter, town: Town) -> None:
    record_id = town.tell(KABILA, AWA)
    async with enter() as user:
        await user.open(f"/ciu/codes/{record_id}")
        await until(lambda: "+243•••••001" in texts(user))
        assert AWA not in texts(user)
        press(user, "Lire les numéros")
        press(user, "Lire les numéros")
        await user.should_see("Écrivez un motif de trois lettres au moins.")
        give(user, "Motif", " ok ")
        press(user, "Lire les numéros")
        await until(lambda: field(user, "Motif").props.get("error"))
        give(user, "Motif", "Résultat à rendre")
        press(user, "Lire les numéros")
        await until(lambda: AWA in texts(user))
        await user.should_see("Numéros visibles pour vous seul")
        assert "Résultat à rendre" in texts(user)
    async with enter(Role.OPERATEUR, "Paul Ilunga") as user:
        await user.open(f"/ciu/codes/{record_id}")
        await until(lambda: "+243•••••001" in texts(user))
        assert AWA not in texts(user)


async def test_a_code_is_forgotten_once_it_is_written_and_why(enter: Enter, town: Town) -> None:
    record_id = town.tell(KABILA, AWA)
    code = town.code(record_id)
    async with enter() as user:
        await user.open(f"/ciu/codes/{record_id}")
        press(user, "Oublier")
        assert "effacez-le là-bas aussi" in texts(user)
        give(user, "Pour confirmer", code)
        give(user, "Motif", "ok")
        press(user, "Oublier ce code")
        await until(lambda: field(user, "Motif").props.get("error"))
        give(user, "Motif", "Demandé au comptoir")
        press(user, "Oublier ce code")
        await until(lambda: stored(town.database, "select count(*) as n from uic_records")["n"] == 0)


async def test_a_code_is_shown_as_a_picture_that_holds_it_alone(enter: Enter, town: Town) -> None:
    record_id = town.tell(KABILA, AWA)
    async with enter() as user:
        await user.open(f"/ciu/codes/{record_id}")
        press(user, "Code QR")
        await until(lambda: 'role="img"' in texts(user) and "qr-code" in texts(user))


async def test_one_of_two_numbers_is_another_persons(enter: Enter, town: Town) -> None:
    record_id = town.tell(KABILA, AWA)
    town.tell(KABILA, BINTOU)
    code = town.code(record_id)
    async with enter() as user:
        await user.open(f"/ciu/codes/{record_id}")
        await until(lambda: "2 numéros liés" in texts(user))
        press(user, "C’est une autre personne")
        give(user, "Motif", "Deux homonymes venus ensemble")
        press(user, "Donner un autre code")
        await until(lambda: stored(town.database, "select count(*) as n from uic_records")["n"] == 2)
        await until(lambda: "1 numéro lié" in texts(user))
        assert "Deux personnes" in texts(user)
    other = stored(town.database, "select uic_code from uic_records where uic_code <> %s", code)["uic_code"]
    assert other.startswith(code)
    assert len(other) == len(code) + 1


# Conversations


async def test_a_conversation_is_watched_and_ended(enter: Enter, town: Town) -> None:
    for word in ("Bonjour", "1947", "Lubumbashizwi"):
        town.say(word)
    async with enter() as user:
        await user.open("/ciu/conversations")
        [row] = await rows(user, 1)
        assert row["step"] == "3/5 · Prénom"
        assert "Lubumbashizwi" not in str(row)
        assert AWA not in str(row)
        open_row(user, row["id"])
        give(user, "Motif", "Téléphone volé")
        press(user, "Terminer la conversation")
        await until(lambda: not shown(user, ui.table)[0].rows)
    assert stored(town.database, "select end_reason from ciu_conversation")["end_reason"] == "stopped"


async def test_without_a_number_the_telephone_says_who_opens_one(enter: Enter, town: Town) -> None:
    assert stored(town.database, "select count(*) as n from provider_account")["n"] == 0
    async with enter() as user:
        await user.open("/ciu/simulateur")
        await until(lambda: "Demandez à un administrateur" in texts(user))
        assert not [one for one in shown(user, ui.button) if one.text == "Ouvrir un numéro"]
    async with enter(Role.ADMIN, "Mireille Kalala", Scope.PLATFORM) as user:
        await user.open("/ciu/simulateur")
        await until(lambda: [one for one in shown(user, ui.button) if one.text == "Ouvrir un numéro"])
        assert "Demandez à un administrateur" not in texts(user)


async def test_the_trail_names_what_was_done_to_a_code_and_leads_there(enter: Enter, town: Town) -> None:
    record_id = town.tell(KABILA, AWA)
    async with enter() as user:
        await user.open(f"/ciu/codes/{record_id}")
        press(user, "Lire les numéros")
        give(user, "Motif", "Résultat à rendre")
        press(user, "Lire les numéros")
        await until(lambda: AWA in texts(user))
    entry = stored(
        town.database, "select action, subject_type, subject_id from audit_entry where action = 'ciu.reveal'"
    )
    assert deeds.DEEDS[entry["action"]].word == "Numéros d'un code lus"
    assert deeds.SUBJECTS[entry["subject_type"]] == "Code"
    assert deeds.PAGES[entry["subject_type"]].format(id=entry["subject_id"]) == f"/ciu/codes/{record_id}"


# Duplicates


async def test_a_duplicate_is_decided_and_taken_back(enter: Enter, town: Town) -> None:
    first, second = town.code(town.tell(MUKENDI, AWA)), town.code(town.tell(MUKENDY, BINTOU))
    pair_id = stored(town.database, "select id from ciu_pair")["id"]
    async with enter() as user:
        await user.open("/ciu/doublons")
        await until(lambda: first in texts(user) and second in texts(user))
        await user.open(f"/ciu/doublons/{pair_id}")
        await until(lambda: "seule l’écriture diffère" in texts(user))
        assert "90 sur 99" in texts(user)
        assert "Mukendi" not in texts(user)
        press(user, "Une seule personne")
        give(user, "Motif", "ok")
        press(user, "C’est une seule personne")
        await until(lambda: field(user, "Motif").props.get("error"))
        give(user, "Motif", "Même carte, même personne")
        press(user, "C’est une seule personne")
        await until(lambda: stored(town.database, "select count(*) as n from uic_records")["n"] == 1)
        await until(lambda: "Même carte, même personne" in texts(user))
        press(user, "Annuler la décision")
        give(user, "Motif", "Erreur de fiche")
        press(user, "Annuler la décision")
        await until(lambda: stored(town.database, "select count(*) as n from uic_records")["n"] == 2)
        await user.open("/ciu/doublons?onglet=decided")
        await user.should_see("Rien n’a encore été décidé.")


# Files


async def test_codes_one_by_one_are_asked_for_with_a_reason(enter: Enter, town: Town) -> None:
    town.tell(KABILA, AWA)
    async with enter() as user:
        await user.open("/ciu/fichiers")
        press(user, "Codes un par un")
        give(user, "Motif", "ok")
        press(user, "Demander les codes")
        await until(lambda: field(user, "Motif").props.get("error"))
        give(user, "Motif", "Rapport trimestriel")
        press(user, "Demander les codes")
        await until(lambda: stored(town.database, "select count(*) as n from ciu_export")["n"] == 1)
        live.hub.deliver({"topic": exports.TOPIC})
        await until(lambda: "En attente" in texts(user))
    asked = stored(town.database, "select kind, reason, wanted ->> 'has_phones' as phones from ciu_export")
    assert asked == {"kind": "rows", "reason": "Rapport trimestriel", "phones": "false"}


# Elsewhere


async def test_an_operator_finds_his_day_at_home_and_a_code_in_the_search(enter: Enter, town: Town) -> None:
    code = town.code(town.tell(MUKENDI, AWA))
    town.tell(MUKENDY, BINTOU)
    async with enter() as user:
        await user.open("/")
        await user.should_see("Un doublon de CIU est à décider.")
        await until(lambda: 'href="/ciu/doublons"' in texts(user))
        await until(lambda: 'href="/ciu"' in texts(user))
        user.find("Numéro, nom, référence…").type(code[:12])
        await until(lambda: f"{code}</span>" in texts(user))


async def test_an_observer_is_led_to_the_figures(enter: Enter, town: Town) -> None:
    town.tell(KABILA, AWA)
    async with enter(Role.LECTEUR, "Léa Kasa") as user:
        await user.open("/")
        await user.should_see("Voir les chiffres des CIU")
