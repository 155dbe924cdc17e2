"""Messages on the screen: figures, texts weighed while they are written, opt-outs, and one's own wishes."""

from typing import Any
from uuid import UUID

from nicegui import ui

from core import clock
from core.database import Database, fetch_all
from core.permissions import Role, Scope
from models.messages import Channel, Message
from services.messages import editions, suppressions
from tests.builders import payments, people
from tests.ui.conftest import signed_in
from tests.ui.hands import field, open_row, press, rows, shown, sign_in, stored, until

PATH = "/paiements/messages"
NO_BREAK = "\N{NO-BREAK SPACE}"


def operator(house: Database) -> str:
    return signed_in(house, "Inès Quenum", Scope.USSD, Role.OPERATEUR)


def write(house: Database, account_id: UUID, key: str, **more: Any) -> None:
    now = clock.now()
    values: dict[str, Any] = {
        "dedupe_key": key, "type": "wallet_recharge", "channel": "sms", "address": "+2290197000101",
        "template_code": "wallet_recharge", "not_before": now, "sent_at": now, "account_id": account_id,
        "state": "delivered", "segments": 1, "cost_minor": 15, "cost_currency": "XOF",
    }  # fmt: skip
    with house.transaction() as session:
        session.add(Message(**(values | more)))


def texts(house: Database) -> None:
    with house.transaction() as session:
        editions.install_shipped(session)


def markup(user: Any) -> str:
    return " ".join(one.content for one in shown(user, ui.html))


async def test_states_parts_cost_and_failures_are_counted(open_console: Any, house: Database) -> None:
    account = payments.account(house, "kannel", country="", currency=None, label="Kannel")
    write(house, account.id, "one")
    write(house, account.id, "two", segments=2, cost_minor=30)
    write(house, account.id, "three", state="failed", error_code="405", cost_minor=None, cost_currency=None)
    async with open_console(operator(house)) as user:
        await user.open(PATH)
        await user.should_see("3 messages", retries=30)
        page = markup(user)
        assert 'href="/administration/boite-envoi?etat=delivered"' in page
        assert f"45{NO_BREAK}F{NO_BREAK}CFA" in page
        assert "405" in page
        chart = shown(user, ui.plotly)[0].figure
        assert len(chart["data"][0]["x"]) == 30
        assert sum(chart["data"][0]["y"]) == 4
        await user.open("/administration/boite-envoi?etat=failed")
        assert [row["state"]["word"] for row in await rows(user, 1)] == ["Échoué"]


async def test_a_text_is_weighed_while_it_is_written_published_and_rolled_back(
    open_console: Any, house: Database
) -> None:
    texts(house)
    async with open_console(operator(house)) as user:
        await user.open(f"{PATH}/modeles/pin_change")
        await user.should_see("1 partie", retries=30)
        with user:
            field(user, "Message").value = "PIN changé le {jour}."
        await until(lambda: "Variables inconnues" in markup(user))
        assert not next(one for one in shown(user, ui.button) if one.text == "Publier").enabled
        with user:
            field(user, "Message").value = "a" * 161
        await until(lambda: "2 parties" in markup(user))
        assert "2 parties de SMS avec les valeurs les plus longues, 1 permises." in markup(user)
        with user:
            field(user, "Message").value = "PIN changé le {date}. Sinon, appelez-nous."
        await until(lambda: "PIN changé le date......" in markup(user))
        await until(lambda: next(one for one in shown(user, ui.button) if one.text == "Publier").enabled)
        press(user, "Publier")
        await user.should_see("Version 2 en vigueur", retries=30)
        assert in_force(house) == "PIN changé le {date}. Sinon, appelez-nous."
        await user.open(f"{PATH}/modeles/pin_change")
        press(user, "Revenir à la précédente")
        await user.should_see("Version 1 de nouveau en vigueur", retries=30)
    assert in_force(house).startswith("Votre code PIN a été changé le {date}.")


def in_force(house: Database) -> str:
    query = "select body from message_template where code = 'pin_change' and locale = 'fr' and state = 'published'"
    return str(stored(house, query)["body"])


async def test_a_lingala_text_waits_for_a_speaker(open_console: Any, house: Database) -> None:
    texts(house)
    query = "select needs_review from message_template where code = 'pin_change' and locale = 'ln'"
    async with open_console(operator(house)) as user:
        await user.open(f"{PATH}/modeles")
        await user.should_see("À relire")
        await user.open(f"{PATH}/modeles/pin_change?langue=ln")
        await user.should_see("À relire par une personne qui parle cette langue.")
        press(user, "Approuver ce texte")
        await user.should_see("Texte approuvé", retries=30)
    assert stored(house, query) == {"needs_review": False}


async def test_an_opt_out_ends_with_a_reason_that_stays(open_console: Any, house: Database) -> None:
    with house.transaction() as session:
        suppressions.suppress(session, Channel.SMS, "+2290197000101", "stop")
    async with open_console(operator(house)) as user:
        await user.open(f"{PATH}/oppositions")
        (line,) = await rows(user, 1)
        assert line["address"] == "+22901****01"
        assert line["effect"]["word"] == "Reçus et codes seulement"
        open_row(user, line["id"])
        await user.should_see("Écrire de nouveau à +22901****01")
        with user:
            field(user, "Motif").value = "Il l'a demandé au guichet"
        press(user, "Écrire de nouveau")
        await until(lambda: stored(house, "select ended_at from suppression")["ended_at"])
    trail = stored(house, "select summary from audit_entry where action = 'suppression.end'")
    assert trail == {"summary": "Il l'a demandé au guichet"}


async def test_one_chooses_ones_channels_and_codes_cannot_be_cut(open_console: Any, house: Database) -> None:
    me = people.person(house, "awa@palabre.org", first_name="Awa", last_name="Diop")
    async with open_console(sign_in(house, me)) as user:
        await user.open("/mon-compte")
        await user.should_see("Messages que je reçois")
        boxes = [one for one in shown(user, ui.checkbox) if one.text == "SMS"]
        assert [one.enabled for one in boxes].count(False) == 2  # codes, and a changed number
        with user:
            boxes[0].set_value(False)
            shown(user, ui.switch)[0].set_value(True)
        await until(lambda: stored(house, "select count(*) as n from message_preference")["n"] == 2)
    with house.transaction() as session:
        kept = fetch_all(session, "select type, channel, is_on from message_preference order by type")
    assert kept == [
        {"type": "*", "channel": "whatsapp", "is_on": True},
        {"type": "rappel_cotisation", "channel": "sms", "is_on": False},
    ]


async def test_who_may_not_write_messages_reads_texts_and_changes_nothing(open_console: Any, house: Database) -> None:
    texts(house)
    async with open_console(signed_in(house, "Yao Kouassi", Scope.USSD, Role.LECTEUR)) as user:
        answer = await user.http_client.get(PATH)
        assert answer.status_code == 403
        assert (await user.http_client.get(f"{PATH}/modeles")).status_code == 403
        assert (await user.http_client.get(f"{PATH}/oppositions")).status_code == 403
