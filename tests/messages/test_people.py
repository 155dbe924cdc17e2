"""What people choose: channels, consent, silence; and what a notice makes of it."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from core.errors import Forbidden, NotFound, NotSignedIn
from core.permissions import SYSTEM, Actor
from jobs import messages as job
from models.messages import Channel
from services import messages
from services.messages import Notice, preferences, suppressions
from services.messages.preferences import CannotSwitchOff, SetPreference
from services.messages.suppressions import SuppressAddress
from tests.builders import people
from tests.messages.house import House, number, reminder
from tests.services.wallet_world import ADMIN, READER


def receipt(recipient: object, key: str = "recu:1", **changes: object) -> Notice:
    base: dict[str, object] = {
        "type": "confirmation_paiement",
        "dedupe_key": key,
        "recipient_id": recipient,
        "variables": {
            "tontine": "Les Amies",
            "montant": "5 000 FCFA",
            "date": "21/11/2026",
            "ref": "CT7F3K9",
            "reste": "0 FCFA",
        },
    }
    return Notice.model_validate(base | changes)


def tell(house: House, notice: Notice) -> list[str]:
    with house.database.transaction() as session:
        written = messages.tell(session, notice)
    return [str(house.message(one)["channel"]) for one in written]


def prefer(house: House, actor: Actor, kind: str, channel: Channel, *, is_on: bool) -> None:
    with house.database.transaction() as session:
        preferences.set_preference(session, actor, SetPreference(type=kind, channel=channel, is_on=is_on))


def test_a_receipt_is_shown_and_goes_by_sms(house: House) -> None:
    awa = house.person(number())
    assert tell(house, receipt(awa)) == ["in_app", "sms"]
    assert tell(house, receipt(awa)) == ["in_app", "sms"], "once"
    house.send()
    assert house.texts(number()) == [
        "Les Amies: 5 000 FCFA reçus le 21/11/2026, réf CT7F3K9. Reste à payer: 0 FCFA. Merci.".replace("ç", "c")
    ]
    with house.database.transaction() as session:
        shown = messages.list_for_person(session, awa)
    assert {(row.channel, row.state) for row in shown} == {("in_app", "sent"), ("sms", "sent")}
    assert {row.subject for row in shown if row.channel == "in_app"} == {"Paiement reçu"}


def test_whatsapp_needs_consent_and_a_template_or_a_conversation(house: House) -> None:
    awa = house.person(number())
    prefer(house, Actor(awa, "Awa"), "*", Channel.WHATSAPP, is_on=True)
    assert tell(house, receipt(awa, "1")) == ["in_app", "sms"], "consent alone is not enough outside a conversation"
    with house.database.transaction() as session:
        from models.inbox import Authenticity
        from services.messages.reports import Received, take_inbound

        account = house.accounts["twilio_whatsapp"]
        came = Received("message:twilio", account, "POST", "/whatsapp/webhook", b"x", Authenticity.SIGNED, "SM1")
        take_inbound(session, came, Channel.WHATSAPP, number(), "Bonjour")
    assert tell(house, receipt(awa, "2")) == ["in_app", "whatsapp"]
    house.wait(24 * 3_600 + 1)
    assert tell(house, receipt(awa, "3")) == ["in_app", "sms"]
    jean = house.person(number("501"))
    assert tell(house, receipt(jean, "4")) == ["in_app", "sms"], "no consent"


def test_what_is_switched_off_is_not_sent_and_codes_cannot_be(house: House) -> None:
    awa = house.person(number(), "awa@example.org")
    him = Actor(awa, "Awa")
    prefer(house, him, "confirmation_paiement", Channel.SMS, is_on=False)
    assert tell(house, receipt(awa, "1")) == ["in_app"]
    prefer(house, him, "*", Channel.EMAIL, is_on=False)
    assert tell(house, receipt(awa, "2", plan="in_app+email")) == ["in_app"]
    prefer(house, him, "confirmation_paiement", Channel.EMAIL, is_on=True)
    assert tell(house, receipt(awa, "3", plan="in_app+email")) == ["in_app", "email"]
    for kind in ("code_verification", "numero_change", "pin_bloque"):
        with pytest.raises(CannotSwitchOff):
            prefer(house, him, kind, Channel.SMS, is_on=False)
    with house.database.transaction() as session:
        assert preferences.list_preferences(session, him) == {
            ("confirmation_paiement", "sms"): False,
            ("confirmation_paiement", "email"): True,
            ("*", "email"): False,
        }
    with pytest.raises(NotSignedIn):
        prefer(house, Actor(None, "Personne"), "*", Channel.SMS, is_on=False)


def test_what_is_switched_off_meanwhile_is_not_sent_either(house: House) -> None:
    awa = house.person(number())
    written = house.write(**reminder("1", recipient_id=awa))
    prefer(house, Actor(awa, "Awa"), "rappel_cotisation", Channel.SMS, is_on=False)
    house.send()
    assert (house.state(written), house.letters()) == ("cancelled", [])


def test_a_person_without_an_address_gets_what_he_can(house: House) -> None:
    awa = house.person("", "awa@example.org")
    assert tell(house, receipt(awa)) == ["in_app"]
    assert tell(
        house,
        receipt(
            awa,
            "2",
            type="tour_passage",
            variables={
                "tontine": "Les Amies",
                "montant": "5 000 FCFA",
                "date": "21/11/2026",
            },
        ),
    ) == ["in_app", "email"]
    with house.database.transaction() as session, pytest.raises(NotFound):
        messages.tell(session, receipt(house.accounts["smtp"]))


def test_suppressions_are_listed_masked_ended_and_audited(house: House) -> None:
    with house.database.transaction() as session:
        suppressions.suppress(session, Channel.SMS, number(), "stop")
        suppressions.suppress(session, Channel.EMAIL, "awa@example.org", "link")
        order = SuppressAddress(channel=Channel.SMS, address=f"00{number('501')[1:]}", reason="demandé au guichet")
        made = suppressions.suppress_by_hand(session, ADMIN, order)
        rows = suppressions.list_suppressions(session, ADMIN)
        assert {row.address for row in rows} == {"+22901****00", "a****@example.org", "+22901****01"}
        assert suppressions.count_suppressions(session, ADMIN, channel="sms") == 2
        assert suppressions.count_suppressions(session, ADMIN, search=number()) == 1
        assert not suppressions.resume(session, Channel.SMS, number("501")), (
            "an operator's word is an operator's to end"
        )
        suppressions.end_suppression(session, ADMIN, made)
        assert suppressions.count_suppressions(session, ADMIN) == 2
        assert suppressions.count_suppressions(session, ADMIN, with_ended=True) == 3
        with pytest.raises(NotFound):
            suppressions.end_suppression(session, ADMIN, made)
        with pytest.raises(Forbidden):
            suppressions.list_suppressions(session, READER)
    assert [
        row["action"] for row in house.rows("select action from audit_entry where subject_type = 'suppression'")
    ] == [
        "suppression.open",
        "suppression.end",
    ]


def test_who_promises_a_mail_waits_for_the_truth(house: House) -> None:
    mail = house.write("1", channel=Channel.EMAIL, address="awa@example.org")
    lost = house.write("2", channel=Channel.EMAIL, address="awa015@example.org")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(messages.wait_until_sent, house.database, mail)
        job.send_due(house.database)
        assert waiting.result()
    assert not messages.wait_until_sent(house.database, lost)
    late = house.write("3", channel=Channel.EMAIL, address="late@example.org")
    assert not messages.wait_until_sent(house.database, late, timeout_s=0.1)
    house.route("email")
    assert not messages.wait_until_sent(house.database, late), "at once: nothing carries mail"
    assert not messages.wait_until_sent(house.database, house.accounts["smtp"])


def test_everything_of_a_notice_waits_for_its_guard(house: House) -> None:
    awa = house.person(number())
    doubt = {
        "type": "paiement_incertain",
        "variables": {"tontine": "Les Amies", "montant": "5 000 FCFA", "ref": "CT7F3K9"},
        "guard": "transfer_still_open",
        "data": {"transfer_id": str(house.accounts["smtp"])},
    }
    tell(house, receipt(awa, "doute:1", **doubt))
    house.send()
    assert house.letters() == []
    with house.database.transaction() as session:
        assert messages.count_messages(session, SYSTEM, state="cancelled") == 1


@pytest.mark.parametrize(("email", "is_sent"), [("awa@example.org", True), ("awa015@example.org", False)])
def test_who_makes_an_account_is_told_whether_its_mail_left(house: House, email: str, is_sent: bool) -> None:  # noqa: FBT001
    people.organisation(house.database, "CNSS", name="CNSS")
    people.admin(house.database)
    phone = people.phone()
    signed = phone.post("/api/auth/login", {"email": "chef@palabre.org", "password": people.PASSWORD}).json()
    chief = people.Phone(phone.http, signed["access"])
    over = Event()

    def work() -> None:
        while not over.wait(0.02):
            job.send_due(house.database)

    order = {"email": email, "first_name": "Awa", "last_name": "Diop", "role": "SUPERVISEUR", "organization_id": "CNSS"}
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(work)
        body = chief.post("/api/admin/users/create", order, headers={"Idempotency-Key": "a"}).json()
        over.set()
        working.result()
    assert body["email_sent"] is is_sent
    assert ("Un email a été envoyé" in body["message"]) is is_sent
    replayed = chief.post("/api/admin/users/create", order, headers={"Idempotency-Key": "a"})
    assert replayed.json() == body
    sent = [letter.text for letter in house.letters(email)]
    assert len(sent) == int(is_sent)
    assert all("/nouveau-mot-de-passe#" in text for text in sent)
