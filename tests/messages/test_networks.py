"""Each network, from our queue to the phone and back: what it takes, refuses, loses, and tells."""

import pytest

from core import gsm7
from core.database import driver
from core.permissions import SYSTEM, Actor
from models.messages import Channel
from providers.answers import Account
from providers.messaging import africas_talking, kannel, meta_whatsapp, smtp, twilio, web_push
from providers.messaging.answers import Outgoing, Refused, Retry, Sent, Unknown, split_text
from providers.wire import Wire
from services.messages import browsers, suppressions
from services.messages.browsers import SubscribePush
from tests.messages.house import House, number, reminder

SMS = ("africas_talking", "kannel", "twilio_sms")
WHATSAPP = ("twilio_whatsapp", "meta_whatsapp")
BY_PHONE = (*SMS, *WHATSAPP)


def take(house: House, adapter: str) -> Channel:
    """Send the channel of this network through it alone."""
    channel = Channel.SMS if adapter in SMS else Channel.WHATSAPP
    house.route(channel, adapter)
    return channel


@pytest.mark.parametrize("adapter", BY_PHONE)
def test_every_network_delivers_and_says_so(house: House, adapter: str) -> None:
    message = house.write(channel=take(house, adapter))
    house.send()
    assert house.state(message) == "sent"
    (letter,) = house.letters(number())
    assert (letter.adapter, letter.text[:16]) == (adapter, "Code PIN bloqué ")
    house.wait(2)
    assert house.state(message) == "delivered"


@pytest.mark.parametrize("adapter", BY_PHONE)
def test_a_report_of_loss_is_believed(house: House, adapter: str) -> None:
    message = house.write(channel=take(house, adapter), address=number("014"))
    house.send()
    house.wait(2)
    assert house.state(message) == "undelivered"


@pytest.mark.parametrize("adapter", BY_PHONE)
@pytest.mark.parametrize("code", ["004", "006", "007"])
def test_reports_may_come_twice_early_and_out_of_order(house: House, adapter: str, code: str) -> None:
    message = house.write(channel=take(house, adapter), address=number(code))
    house.send()
    house.wait(10)
    assert house.state(message) == "delivered"
    steps = house.rows("select state from message_event where message_id = %s order by created_at, id", (message,))
    assert [step["state"] for step in steps].count("delivered") == 1


@pytest.mark.parametrize("adapter", BY_PHONE)
def test_what_is_never_reported_stays_sent(house: House, adapter: str) -> None:
    message = house.write(channel=take(house, adapter), address=number("017"))
    house.send()
    house.wait(86_400)
    assert house.state(message) == "sent"


@pytest.mark.parametrize("adapter", BY_PHONE)
def test_a_lost_request_and_a_lost_answer_look_the_same(house: House, adapter: str) -> None:
    channel = take(house, adapter)
    lost, taken = (
        house.write(
            code,
            channel=channel,
            address=number(code),
            type="penalite",
            template_code="penalite",
            variables={
                "tontine": "Amies",
                "amende": "500 FCFA",
                "motif": "retard",
            },
        )
        for code in ("001", "003")
    )
    house.send()
    assert [house.state(one) for one in (lost, taken)] == ["unknown", "unknown"]
    assert [len(house.letters(number(code))) for code in ("001", "003")] == [0, 1]


@pytest.mark.parametrize("adapter", BY_PHONE)
def test_who_opted_out_there_is_not_written_to_again(house: House, adapter: str) -> None:
    channel = take(house, adapter)
    message = house.write("1", channel=channel, address=number("016"))
    house.send()
    house.wait(2)
    assert house.state(message) in {"failed", "undelivered"}
    if adapter == "kannel":
        return  # a network behind Kannel says no more than that it was lost
    second = house.write("2", channel=channel, address=number("016"), priority=0)
    house.send()
    assert house.state(second) == "suppressed"


@pytest.mark.parametrize("adapter", ["africas_talking", "twilio_sms", "twilio_whatsapp"])
def test_a_number_that_does_not_exist_is_not_tried_again(house: House, adapter: str) -> None:
    channel = take(house, adapter)
    first = house.write("1", channel=channel, address=number("015"))
    house.send()
    second = house.write("2", channel=channel, address=number("015"))
    house.send()
    assert [house.state(one) for one in (first, second)] == ["failed", "suppressed"]
    assert house.rows("select cause, is_absolute from suppression") == [{"cause": "bounce", "is_absolute": True}]


@pytest.mark.parametrize("adapter", BY_PHONE)
def test_a_network_that_wants_rest_gets_it(house: House, adapter: str) -> None:
    message = house.write(channel=take(house, adapter), address=number("020"))
    for _ in range(3):
        house.send()
        house.wait(121)
    house.send()
    assert (house.state(message), len(house.letters(number("020")))) == ("delivered", 1)


def test_stop_works_on_the_next_message_and_start_brings_it_back(house: House) -> None:
    take(house, "twilio_whatsapp")
    house.write("1", channel=Channel.WHATSAPP, address=number("016"))
    house.send()
    with house.database.transaction() as session:
        assert suppressions.obey(session, Channel.SMS, number(), " Arrêt. ") == "stop"
    stopped = house.write(**reminder("2"))
    receipt = house.write("3", priority=1)
    house.send()
    assert [house.state(one) for one in (stopped, receipt)] == ["suppressed", "sent"]
    with house.database.transaction() as session:
        assert suppressions.obey(session, Channel.SMS, number(), "reprendre") == "start"
    again = house.write(**reminder("4"))
    house.send()
    assert house.state(again) == "sent"


@pytest.mark.parametrize("word", ["STOP", "stop!", "ARRET", "arrêt", "ARRE\u0302T", "Désabonner", " stop "])
def test_the_words_that_stop(word: str) -> None:
    assert suppressions.read_word(word) == "stop"


@pytest.mark.parametrize("word", ["stop it", "arrêter", "ne pas STOP", "", "Démarrer"])
def test_other_words_do_not(word: str) -> None:
    assert suppressions.read_word(word) == ""


def test_a_mail_arrives_with_its_way_out(house: House) -> None:
    house.write(**reminder("1", channel=Channel.EMAIL, address="awa@example.org"))
    receipt = house.write("2", channel=Channel.EMAIL, address="jean@example.org")
    house.send()
    (letter,) = house.letters("awa@example.org")
    assert (letter.to, letter.subject) == ("awa@example.org", "Votre cotisation est attendue")
    assert letter.text.startswith("Les Amies: cotisation de 5 000 FCFA attendue")
    assert house.state(receipt) == "sent"


def test_a_mail_says_what_a_mail_must(house: House) -> None:
    account = account_of(house, "smtp")
    outgoing = Outgoing(
        account=account,
        message_id=account.id,
        to="awa@example.org",
        subject="Bonjour\r\nBcc: tous@example.org",
        body="Un\n\n<b>deux</b>",
        unsubscribe_url="https://p.example/desabonnement/x",
    )
    mail = smtp.compose(outgoing)
    assert mail["Message-ID"] == f"<{account.id}@palabre.example>"
    assert (mail["List-Unsubscribe"], mail["Bcc"]) == ("<https://p.example/desabonnement/x>", None)
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert "<b>" not in mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize(
    ("code", "state"), [("015", "failed"), ("003", "queued"), ("020", "queued"), ("002", "unknown"), ("500", "sent")]
)
def test_what_a_mail_server_may_say(house: House, code: str, state: str) -> None:
    message = house.write(channel=Channel.EMAIL, address=f"awa{code}@example.org")
    house.send()
    assert house.state(message) == state


def test_a_mail_server_that_is_not_there_is_tried_again(house: House) -> None:
    with house.database.transaction() as session:
        driver(session).execute("update provider_account set base_url = 'smtp://127.0.0.1:9' where adapter = 'smtp'")
    message = house.write(channel=Channel.EMAIL, address="awa@example.org")
    house.send()
    assert (house.state(message), house.message(message)["error_code"]) == ("queued", "ConnectionRefusedError")


def test_browsers_get_news_without_amount_or_name(house: House) -> None:
    awa = house.person(number())
    subscribe(house, awa, "phone500", "tablet500", "old015")
    message = house.write(**reminder("1", channel=Channel.PUSH, address=str(awa), recipient_id=awa))
    house.send()
    assert house.state(message) == "sent"
    assert [(one.to, one.text) for one in house.letters(adapter="web_push")] == [
        ("phone500", "Nouvelle information sur votre tontine"),
        ("tablet500", "Nouvelle information sur votre tontine"),
    ]
    assert len(house.rows("select 1 from push_subscription")) == 2, "the one that was gone is forgotten"


def test_a_person_without_a_browser_is_not_pushed_to(house: House) -> None:
    awa = house.person(number())
    subscribe(house, awa, "old015")
    message = house.write(channel=Channel.PUSH, address=str(awa), recipient_id=awa)
    house.send()
    assert (house.state(message), house.rows("select 1 from push_subscription")) == ("failed", [])


def test_no_address_of_a_stranger_is_ever_pushed_to(house: House) -> None:
    account = account_of(house, "web_push")
    for endpoint in (
        "http://127.0.0.1:5432/x",
        "https://intranet.example/x",
        "https://fcm.googleapis.com.evil.example/x",
    ):
        assert not web_push.is_service(account, endpoint)
    live = Account(
        **{slot: getattr(account, slot) for slot in Account.__slots__ if slot != "environment"}, environment="live"
    )
    assert web_push.is_service(live, "https://fcm.googleapis.com/fcm/send/abc")
    assert not web_push.is_service(live, "http://fcm.googleapis.com/fcm/send/abc")


def test_vapid_keys_are_made_to_sign() -> None:
    private, public = web_push.make_vapid_keys()
    assert (len(private), len(public)) == (43, 87)


@pytest.mark.parametrize("adapter", [*BY_PHONE, "smtp", "web_push"])
def test_a_harmless_call_says_whether_an_account_works(house: House, adapter: str) -> None:
    from providers import messaging

    account = account_of(house, adapter)
    assert messaging.adapter(adapter).probe(account, Wire())
    if adapter != "smtp":
        wrong = Account(**{s: getattr(account, s) for s in Account.__slots__ if s != "secrets"}, secrets={})
        assert not messaging.adapter(adapter).probe(wrong, Wire())


@pytest.mark.parametrize("adapter", WHATSAPP)
def test_an_approved_template_goes_with_its_values(house: House, adapter: str) -> None:
    from providers import messaging

    answer = messaging.adapter(adapter).send(
        Outgoing(
            account=account_of(house, adapter),
            message_id=house.accounts["smtp"],
            to=number(),
            body="x",
            template={"twilio": "HX123", "meta": {"name": "recu", "language": "fr"}},
            values=("Les Amies", "5 000 FCFA"),
            report_url=f"{house.address}/whatsapp/status?mid={house.accounts['smtp']}",
        ),
        Wire(keeps_texts=False),
    )
    assert isinstance(answer, Sent)
    assert "Les Amies" in house.letters(number())[0].text
    assert house.letters(number())[0].subject in {"HX123", "recu"}


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        (21610, Refused("21610", "opted_out")),
        (21211, Refused("21211", "bad_address")),
        (63003, Refused("63003", "bad_address")),
        (21617, Refused("21617")),
        (63016, Refused("63016")),
        (63018, Retry("63018", slows=True)),
        (20429, Retry("20429", slows=True)),
        (99999, Refused("99999")),
    ],
)
def test_the_codes_of_twilio(code: int, answer: object) -> None:
    assert twilio.read_error(code) == answer


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        (131047, Refused("131047")),
        (131026, Refused("131026")),
        (130429, Retry("130429", slows=True)),
        (131056, Retry("131056", slows=True)),
        (190, Refused("190", "configuration")),
    ],
)
def test_the_codes_of_meta(code: int, answer: object) -> None:
    assert meta_whatsapp.read_error(code) == answer


@pytest.mark.parametrize("code", [100, 101, 102, 401, 402, 403, 404, 405, 406, 407, 409, 500, 501, 502, 777, "x", None])
def test_the_codes_of_africas_talking(code: object) -> None:
    answer = africas_talking.read_recipient({"statusCode": code, "messageId": "m", "cost": "KES 0.8000"})
    if code in {100, 101, 102}:
        assert answer == Sent("m", 80, "KES")
    elif code in {500, 501}:
        assert isinstance(answer, Retry)
    else:
        assert isinstance(answer, Refused)


@pytest.mark.parametrize(
    ("cost", "read"),
    [("XOF 12.5000", (13, "XOF")), ("None", (None, None)), ("0", (None, None)), ("USD 0.0100", (1, "USD"))],
)
def test_what_a_message_cost(cost: str, read: tuple[int | None, str | None]) -> None:
    assert africas_talking.read_cost(cost) == read


@pytest.mark.parametrize(
    ("status", "line", "kind"),
    [
        (202, "0: Accepted for delivery", Sent),
        (202, "3: Queued for later delivery", Sent),
        (202, "", Unknown),
        (403, "Authorization failed for sendsms", Refused),
        (400, "Missing receiver number, rejected", Refused),
        (503, "Temporal failure, try again later.", Retry),
        (500, "", Unknown),
    ],
)
def test_the_words_of_kannel(status: int, line: str, kind: type) -> None:
    assert isinstance(kannel.read_answer(status, line), kind)


@pytest.mark.parametrize(
    ("word", "progress"),
    [
        ("1", "delivered"),
        ("2", "undelivered"),
        ("4", "nothing"),
        ("8", "nothing"),
        ("16", "undelivered"),
        ("34", "expired"),
        ("66", "nothing"),
        ("9", "nothing"),
        ("", "nothing"),
    ],
)
def test_the_reports_of_kannel(word: str, progress: str) -> None:
    mine = "01a1fd37-f18a-706b-87e1-f470ec1fa988"
    report = kannel.read_report({"mid": mine, "type": word, "from": "+229", "to": "Palabre"})
    assert (report.progress, str(report.message_id), report.provider_message_id) == (progress, mine, "")


def test_kannel_is_given_what_it_would_take_without_a_word(house: House) -> None:
    account = account_of(house, "kannel")
    outgoing = Outgoing(
        account=account, message_id=account.id, to=number(), body="", report_url=f"{house.address}/g?mid=1"
    )
    assert isinstance(kannel.ADAPTER.send(outgoing, Wire()), Refused)
    unfolded = gsm7.fold("Reçu à l'œuvre, forêt")
    house.write(type="information", template_code="information", variables={"texte": "Reçu à l'œuvre, forêt"})
    house.send()
    assert house.texts(number()) == [unfolded]


def test_a_long_text_is_cut_where_it_breathes() -> None:
    assert split_text("aaa\n\nbbb ccc\nddd", 8) == ["aaa", "bbb ccc", "ddd"]
    assert split_text("x" * 20, 8) == ["x" * 8, "x" * 8, "xxxx"]
    assert split_text("", 8) == [""]


def account_of(house: House, adapter: str) -> Account:
    from services import provider_accounts

    with house.database.transaction() as session:
        return provider_accounts.view(session, house.accounts[adapter])


def subscribe(house: House, user_id: object, *names: str) -> None:
    actor = Actor(user_id, "Awa")  # type: ignore[arg-type]
    assert not SYSTEM.user_id
    for name in names:
        keys = house.browsers.open_browser(name).keys
        with house.database.transaction() as session:
            browsers.subscribe_push(
                session,
                actor,
                SubscribePush(endpoint=f"{house.fakes.url}/web_push/{name}", p256dh=keys["p256dh"], auth=keys["auth"]),
            )
