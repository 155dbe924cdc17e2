"""A message leaves once, at the right time, in the right words, and its state tells the truth."""

from threading import Event
from typing import cast

import pytest
from structlog.testing import capture_logs

from core import gsm7
from core.database import driver
from core.permissions import SYSTEM
from jobs import messages as job
from models.messages import Channel
from providers.fakes.accounts import account_of
from providers.messaging.answers import Sent
from services import messages, provider_accounts
from services.messages import guards, hours, sending
from services.messages.outbox import OutgoingMessage
from services.provider_accounts import PauseAccount, probing
from tests.builders import world
from tests.messages.house import House, number, reminder, sms

TEXT = "Code PIN bloqué pour 15 min après plusieurs essais faux. Si ce n'est pas vous, appelez le service client."


def test_a_message_is_sent_then_delivered(house: House) -> None:
    message = house.write()
    assert house.send() == 1
    assert (house.state(message), house.texts(number())) == ("sent", [TEXT])
    house.wait(2)
    assert house.state(message) == "delivered"
    row = house.message(message)
    assert (row["encoding"], row["segments"], row["tries"], row["body"]) == ("gsm7", 1, 1, TEXT)
    assert house.send() == 0


def test_nothing_leaves_twice_by_its_key(house: House) -> None:
    first = house.write("once")
    assert house.write("once") == first
    house.send()
    assert house.write("once") == first
    house.send()
    assert len(house.letters(number())) == 1


def test_what_is_in_the_application_is_sent_by_being_written(house: House) -> None:
    message = house.write(channel=Channel.IN_APP)
    assert (house.state(message), house.send(), house.letters()) == ("sent", 0, [])


def test_codes_go_before_money_and_money_before_reminders(house: House) -> None:
    for key, priority in (("c", 3), ("b", 1), ("a", 0)):
        house.write(key, priority=priority, address=number(f"50{priority}"))
    house.send()
    assert [letter.to[-1] for letter in house.letters()] == ["0", "1", "3"]


def test_a_code_is_in_no_row_once_it_has_left(house: House) -> None:
    with house.database.transaction() as session:
        message = messages.enqueue(
            session,
            OutgoingMessage(
                dedupe_key="code:1",
                type="code_verification",
                channel=Channel.SMS,
                address=number(),
                template_code="code_verification",
                variables={"minutes": 5},
                secrets={"code": "730518"},
                priority=0,
            ),
        )
    with capture_logs() as logs:
        house.send()
    assert house.texts(number()) == ["Code 730518 pour Palabre, valable 5 min. Ne le donnez à personne."]
    row = house.message(message)
    assert (row["body"], row["variables"]["code"]) == (None, {})
    assert "730518" not in repr(logs)
    with house.database.transaction() as session:
        (shown,) = messages.list_messages(session, SYSTEM)
    assert shown.body.startswith("Code ••••••")


def test_no_body_stands_in_any_log(house: House) -> None:
    with capture_logs() as logs:
        for code in ("500", "002", "014", "026"):
            house.write(code, address=number(code))
        house.send()
    assert "PIN bloqué" not in repr(logs)
    assert number("500") not in repr(logs)


def test_a_busy_network_is_asked_again_after_its_pauses(house: House) -> None:
    message = house.write(address=number("020"))
    house.send()
    assert (house.state(message), house.letters()) == ("queued", [])
    for pause_s, left in ((29, 0), (1, 0), (119, 0), (1, 1)):
        house.wait(pause_s)
        house.send()
        assert len(house.letters()) == left, pause_s
    assert house.state(message) == "sent"
    assert house.message(message)["tries"] == 3


def test_a_report_tells_what_the_lost_answer_did_not(house: House) -> None:
    message = house.write(address=number("002"))
    house.send()
    assert house.state(message) == "unknown"
    house.wait(2)
    assert house.state(message) == "delivered"
    house.wait(3_600)
    house.send()
    assert len(house.letters(number("002"))) == 1


def test_a_message_that_may_have_left_goes_again_only_where_that_does_no_harm(house: House) -> None:
    code = {"type": "numero_change", "template_code": "numero_change"}
    twice = house.write(
        "twice",
        channel=Channel.EMAIL,
        address="awa002@example.org",
        variables={"date": "21/11/2026", "contact": "Palabre"},
        **code,
    )
    once = house.write(
        "once",
        channel=Channel.EMAIL,
        address="jean002@example.org",
        type="penalite",
        template_code="penalite",
        variables={"tontine": "Amies", "amende": "500 FCFA", "motif": "retard"},
    )
    house.send()
    assert [house.state(one) for one in (twice, once)] == ["unknown", "unknown"]
    house.wait(119)
    house.send()
    assert len(house.letters()) == 2
    house.wait(1)
    house.send()
    house.wait(3_600)
    house.send()
    first, second, again = (letter.to for letter in house.letters())
    assert {first, second} == {"awa002@example.org", "jean002@example.org"}
    assert again == "awa002@example.org"
    assert len({letter.key for letter in house.letters()}) == 2, "twice under one Message-ID"


def test_a_process_that_died_while_sending_leaves_an_unknown(house: House) -> None:
    message = house.write()
    with house.database.transaction() as session:
        assert isinstance(sending.take_next(session, ["sms"]), sending.Ready)
    assert (house.state(message), house.send()) == ("sending", 0)
    house.wait(121)
    with house.database.transaction() as session:
        assert sending.recover(session) == 1
    assert house.state(message) == "unknown"
    house.send()
    assert (house.state(message), len(house.letters())) == ("sent", 1)


def test_a_reminder_whose_due_was_paid_a_second_before_is_not_sent(house: House) -> None:
    paid = []
    guards.register("test_still_due", lambda _session, row: row["dedupe_key"] not in paid)
    first, second = (
        house.write(**reminder("1", guard="test_still_due")),
        house.write(**reminder("2", guard="test_still_due", address=number("501"))),
    )
    paid.append("1")
    house.send()
    assert (house.state(first), house.state(second)) == ("cancelled", "sent")
    assert house.letters(number()) == []
    with house.database.transaction() as session, pytest.raises(KeyError):
        messages.enqueue(session, sms("x", guard="unheard_of"))


def test_old_news_is_not_sent(house: House) -> None:
    message = house.write()
    house.wait(3 * 86_400)
    house.send()
    assert (house.state(message), house.letters()) == ("expired", [])


def test_nobody_is_woken_for_a_reminder(house: House) -> None:
    house.wait(8.5 * 3_600)  # 20:30 UTC, 21:30 in Benin
    asleep = house.write(**reminder("1"))
    code = house.write("2", priority=0, address=number("501"))
    awake = house.write(**reminder("3", address="+221771000500"))  # 20:30 in Senegal
    named = house.write(**reminder("4", address="+221771000501", data={"zone": "Africa/Kinshasa"}))
    house.send()
    assert [house.state(one) for one in (asleep, code, awake, named)] == ["queued", "sent", "sent", "queued"]
    morning = house.message(asleep)["not_before"]
    assert morning.strftime("%d %H") == "22 06"
    assert (morning.minute * 60 + morning.second) == asleep.int % 1_800
    house.wait(9.5 * 3_600 + 1_800)
    house.send()
    assert (house.state(asleep), house.state(named)) == ("sent", "sent")


def test_one_person_gets_three_a_day_at_most(house: House) -> None:
    awa = house.person(number())
    written = [house.write(**reminder(str(n), recipient_id=awa)) for n in range(5)]
    receipt = house.write("receipt", recipient_id=awa, priority=1)
    house.send()
    assert [house.state(one) for one in written].count("sent") == 3
    assert (house.state(receipt), len(house.letters(number()))) == ("sent", 4)
    house.wait(20 * 3_600)
    house.send()
    assert [house.state(one) for one in written].count("sent") == 5 - [house.state(one) for one in written].count(
        "delivered"
    )
    assert len(house.letters(number())) == 6


def test_when_nothing_carries_a_channel_its_messages_wait_untouched(house: House) -> None:
    house.route("sms")
    message = house.write()
    assert (house.send(), house.state(message), house.message(message)["tries"]) == (0, "queued", 0)
    house.route("sms", "kannel")
    house.send()
    assert house.state(message) == "sent"


def test_the_next_channel_takes_over_when_one_cannot(house: House) -> None:
    awa = house.person(number("015"), "awa@example.org")
    house.route("sms", "africas_talking")
    message = house.write(
        address=number("015"),
        recipient_id=awa,
        type="numero_change",
        template_code="numero_change",
        variables={"date": "21/11/2026", "contact": "Palabre"},
        next_channels=(Channel.WHATSAPP, Channel.EMAIL),
    )
    house.send()
    assert (house.state(message), house.message(message)["error_code"]) == ("failed", "403")
    (mail,) = house.letters(adapter="smtp")
    assert (mail.to, mail.subject) == ("awa@example.org", "Votre numéro a été changé")
    (second,) = house.rows("select * from message where fallback_of_id = %s", (message,))
    assert (second["channel"], second["state"]) == ("email", "sent")


def test_a_code_keeps_its_secret_on_the_way_to_its_next_channel(house: House) -> None:
    awa = house.person(number("015"), "awa@example.org")
    house.route("sms", "africas_talking")
    house.write(
        address=number("015"),
        recipient_id=awa,
        type="code_verification",
        template_code="code_verification",
        variables={"minutes": 5},
        secrets={"code": "730518"},
        next_channels=(Channel.EMAIL,),
    )
    house.send()
    assert "730518" in house.letters(adapter="smtp")[0].text


def test_a_wrong_password_opens_the_breaker_and_costs_no_message(house: House) -> None:
    house.fakes.kernel.configure(secrets={"kannel": {"password": "changed"}})
    written = [house.write(str(n), address=number(f"50{n}")) for n in range(5)]
    house.send()
    assert {house.state(one) for one in written} == {"queued"}
    assert house.rows("select breaker from provider_account where adapter = 'kannel'") == [{"breaker": "open"}]
    house.fakes.kernel.secrets.clear()
    house.wait(31)
    assert probing.probe_due(house.database) == 1
    house.wait(601)
    house.send()
    assert {house.state(one) for one in written} == {"sent"}


def test_an_account_keeps_its_pace_and_a_code_overtakes(house: House) -> None:
    with house.database.transaction() as session:
        driver(session).execute("update provider_account set rate_per_s = 10")
    for n in range(30):
        house.write(str(n), address=number(f"5{n:02}"))
    house.send()
    assert len(house.letters()) == 10
    house.write("code", address=number("599"), priority=0)
    house.send()
    assert [letter.to for letter in house.letters()][10:] == [number("599")]
    house.wait(1)
    house.send()
    assert len(house.letters()) == 21
    for _ in range(3):
        house.wait(1)
        house.send()
    assert len(house.letters()) == 31


def test_a_network_that_hangs_holds_two_threads_at_most(house: House) -> None:
    held = [house.write(str(n), address=number(f"50{n}")) for n in range(3)]
    other = house.write("other", channel=Channel.EMAIL, address="awa@example.org")
    taken = []
    for _ in range(4):
        with house.database.transaction() as session:
            taken.append(sending.take_next(session, ["sms", "email"]))
    assert [type(one).__name__ for one in taken] == ["Ready", "Ready", "Settled", "Ready"]
    assert [house.state(one) for one in (*held, other)] == ["sending", "sending", "queued", "sending"]
    house.wait(1)
    with house.database.transaction() as session:
        sending.save(session, cast("sending.Ready", taken[0]), Sent())
    house.send()
    assert house.state(held[2]) == "sent"


def test_no_secret_of_ours_is_kept_or_logged(house: House) -> None:
    with capture_logs() as logs:
        for place, (channel, adapter) in enumerate(
            (channel, adapter)
            for channel, adapters in (
                (Channel.SMS, ("kannel", "africas_talking", "twilio_sms")),
                (Channel.WHATSAPP, ("twilio_whatsapp", "meta_whatsapp")),
            )
            for adapter in adapters
        ):
            house.route(channel, adapter)
            for code in ("500", "003", "015", "021"):
                house.write(f"{place}:{code}", channel=channel, address=number(code))
            house.send()
            house.wait(5)
        for adapter, account_id in house.accounts.items():
            with house.database.transaction() as session:
                provider_accounts.test_account(session, SYSTEM, account_id)
            assert adapter
    kept = world.everything(house.database) + repr(logs)
    for account in map(account_of, house.accounts):
        for name, secret in account.secrets.items():
            assert secret not in kept, (account.adapter, name)


def test_a_paused_account_sends_nothing(house: House) -> None:
    with house.database.transaction() as session:
        provider_accounts.pause_account(
            session, SYSTEM, PauseAccount(account_id=house.accounts["kannel"], reason="panne")
        )
    message = house.write()
    assert (house.send(), house.state(message)) == (0, "queued")


def test_texts_are_gone_after_thirty_days(house: House) -> None:
    message, shown = house.write(), house.write("app", channel=Channel.IN_APP)
    house.send()
    house.wait(30 * 86_400 + 1)
    job.work(Event())
    row = house.message(message)
    assert (row["body"], row["variables"], row["state"]) == ("", {}, "delivered")
    assert house.message(shown)["variables"] == {"minutes": 15}
    with house.database.transaction() as session:
        bodies = {one.id: one.body for one in messages.list_messages(session, SYSTEM)}
    assert (bodies[message], bodies[shown]) == ("", TEXT)


@pytest.mark.parametrize(
    ("text", "coding", "size", "parts"),
    [
        ("a" * 160, "gsm7", 160, 1),
        ("a" * 161, "gsm7", 161, 2),
        ("é" * 160, "gsm7", 160, 1),
        ("€" * 80, "gsm7", 160, 1),
        ("€" * 81, "gsm7", 162, 2),
        ("a" * 152 + "€" + "b" * 8, "gsm7", 162, 2),
        ("😀" * 35, "ucs2", 70, 1),
        ("😀" * 36, "ucs2", 72, 2),
    ],
)
def test_what_a_text_costs(house: House, text: str, coding: str, size: int, parts: int) -> None:
    message = house.write(type="information", template_code="information", variables={"texte": text})
    house.send()
    row = house.message(message)
    assert (row["encoding"], row["segments"], gsm7.measure(row["body"]).size) == (coding, parts, size)
    assert house.texts(number()) == [text]


@pytest.mark.parametrize(
    ("text", "folded", "unfolded"),
    [("ê" * 71, ("gsm7", 1), ("ucs2", 2)), ("Cotisation de 5\N{NO-BREAK SPACE}000 F reçue.", ("gsm7", 1), ("ucs2", 1))],
)
def test_folding_is_the_accounts_choice(
    house: House, text: str, folded: tuple[str, int], unfolded: tuple[str, int]
) -> None:
    for key, fold, expected in (("a", "true", folded), ("b", "false", unfolded)):
        with house.database.transaction() as session:
            driver(session).execute(
                "update provider_account set settings = settings || jsonb_build_object('fold', %s::boolean)", (fold,)
            )
        message = house.write(key, type="information", template_code="information", variables={"texte": text})
        house.send()
        row = house.message(message)
        assert (row["encoding"], row["segments"]) == expected
    assert "?" not in "".join(house.texts(number()))


def test_the_hours_of_the_night() -> None:
    zone = hours.zone_of({"data": {}, "channel": "sms", "address": "+237678000500"})
    assert str(zone) == "Africa/Douala"
    assert str(hours.zone_of({"data": {}, "channel": "email", "address": "a@example.org"})) == hours.DEFAULT_ZONE
