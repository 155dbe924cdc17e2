"""Our addresses: who may knock, what is kept, and what a stranger gets."""

import hashlib
import hmac
import json
from urllib.parse import urlencode

import httpx
import pytest
from twilio.request_validator import RequestValidator

from core.database import driver
from core.permissions import SYSTEM
from models.messages import Channel
from providers.fakes.keys import secret_of
from services import provider_accounts
from services.messages import reports, suppressions
from services.provider_accounts import SetSecret
from tests.messages.house import House, number, reminder

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SID = "AC" + "0" * 31 + "1"


def twilio_post(house: House, path: str, fields: dict[str, str], *, token: str = "") -> httpx.Response:
    url = f"{house.address}{path}"
    key = token or secret_of("twilio_whatsapp", "auth_token")
    signature = RequestValidator(key).compute_signature(url, fields)
    return httpx.post(url, content=urlencode(fields), headers={**FORM, "X-Twilio-Signature": signature})


def meta_post(house: House, body: bytes, *, secret: str = "") -> httpx.Response:
    key = (secret or secret_of("meta_whatsapp", "app_secret")).encode()
    signature = "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "X-Hub-Signature-256": signature}
    return httpx.post(f"{house.address}/whatsapp/webhook", content=body, headers=headers)


def meta_body(**value: object) -> bytes:
    value = {"metadata": {"phone_number_id": "106540352242922"}, **value}
    entry = [{"id": "1", "changes": [{"field": "messages", "value": value}]}]
    return json.dumps({"object": "whatsapp_business_account", "entry": entry}).encode()


def test_an_unknown_gateway_and_a_wrong_secret_are_the_same_nothing(house: House) -> None:
    right = house.report_address("kannel")
    for url in (right[:-1] + ("0" if right[-1] != "0" else "1"), f"{house.address}/g/nobody/{right.split('/')[-1]}"):
        answer = httpx.get(url)
        assert (answer.status_code, answer.content) == (404, b"")
    assert httpx.get(f"{right}?mid=x&type=1").status_code == 200


def test_two_secrets_open_while_one_is_replaced(house: House) -> None:
    made = house.report_address("kannel")
    for value, keeps in (("a" * 40, False), ("b" * 40, True)):
        order = SetSecret(account_id=house.accounts["kannel"], name="report_secret", value=value, keeps_previous=keeps)
        with house.database.transaction() as session:
            provider_accounts.set_secret(session, SYSTEM, order)
    root = made.rpartition("/")[0]
    assert [httpx.get(f"{root}/{end}").status_code for end in ("a" * 40, "b" * 40, "c" * 40)] == [200, 200, 404]
    assert httpx.get(made).status_code == 404


def test_a_report_speaks_only_of_its_own_accounts_messages(house: House) -> None:
    message = house.write()
    house.send()
    other = house.report_address("africas_talking").replace("africas-talking-fictif", "africas-talking-fictif")
    sms = house.report_address("twilio_sms")
    httpx.post(other, content=urlencode({"id": "x", "status": "Success"}), headers=FORM)
    fields = {"AccountSid": SID, "MessageSid": "SMx", "MessageStatus": "delivered"}
    path = f"{sms.removeprefix(house.address)}?mid={message}"
    assert twilio_post(house, path, fields, token=secret_of("twilio_sms", "auth_token")).status_code == 200
    assert house.state(message) == "sent"


def test_a_forged_status_is_refused_and_an_old_one_changes_nothing(house: House) -> None:
    house.route("whatsapp", "twilio_whatsapp")
    message = house.write(channel=Channel.WHATSAPP)
    house.send()
    fields = {
        "AccountSid": SID,
        "From": "whatsapp:+14155238886",
        "To": f"whatsapp:{number()}",
        "MessageSid": house.message(message)["provider_message_id"],
        "MessageStatus": "read",
    }
    path = f"/whatsapp/status?mid={message}"
    assert twilio_post(house, path, fields, token="wrong").status_code == 403
    assert twilio_post(house, path, {**fields, "AccountSid": "AC9"}).status_code == 403
    assert twilio_post(house, path, {**fields, "From": "whatsapp:+15550000000"}).status_code == 403
    assert house.state(message) == "sent"
    assert twilio_post(house, path, fields).status_code == 204
    assert house.state(message) == "read"
    assert twilio_post(house, path, {**fields, "MessageStatus": "sent"}).status_code == 204
    assert twilio_post(house, path, fields).status_code == 204
    house.wait(2)
    assert house.state(message) == "read"
    assert twilio_post(house, "/whatsapp/status", {**fields, "MessageSid": "SMunknown"}).status_code == 204


def test_meta_asks_and_is_answered(house: House) -> None:
    token = secret_of("meta_whatsapp", "verify_token")
    url = f"{house.address}/whatsapp/webhook"
    asked = {"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "1158201444"}
    answer = httpx.get(url, params=asked)
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["content-type"].startswith("text/plain")
    assert httpx.get(url, params={**asked, "hub.verify_token": "x"}).status_code == 403
    assert httpx.get(url).status_code == 400


def test_what_meta_brings_is_stored_once_each(house: House) -> None:
    messages = [
        {"from": "2290197000600", "id": f"wamid.{n}", "timestamp": "1763688000", "type": "text", "text": {"body": text}}
        for n, text in enumerate(("Bonjour", "STOP"))
    ]
    body = meta_body(messages=messages, statuses=[{"id": "wamid.unknown", "status": "read"}])
    for _ in range(3):
        answer = meta_post(house, body)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert house.rows("select source, repeats from inbound_event order by source") == [
        {"source": "message:meta", "repeats": 2},
        {"source": "message:meta", "repeats": 2},
        {"source": "report:meta_whatsapp", "repeats": 2},
    ]
    assert house.rows("select channel, address, cause from suppression") == [
        {"channel": "whatsapp", "address": "+2290197000600", "cause": "stop"}
    ]


def test_meta_is_believed_only_when_it_signed_and_of_our_own_numbers(house: House) -> None:
    body = meta_body(messages=[{"from": "2290197000600", "id": "wamid.1", "type": "text", "text": {"body": "STOP"}}])
    assert meta_post(house, body, secret="wrong").status_code == 403
    assert meta_post(house, body.replace(b"106540352242922", b"999")).status_code == 200
    for strange in (
        b"",
        b"[]",
        b"{",
        b'{"object":"page"}',
        b'{"object":"whatsapp_business_account","entry":[1,{"changes":3}]}',
    ):
        assert meta_post(house, strange).status_code == 200
    assert house.rows("select 1 from inbound_event") == []


def test_a_persons_message_through_twilio_is_kept_and_obeyed(house: House) -> None:
    fields = {
        "AccountSid": SID,
        "From": "whatsapp:+22997000600",
        "To": "whatsapp:+14155238886",
        "Body": "Arrêt",
        "NumMedia": "0",
        "MessageSid": "SM1",
        "Blank": "",
    }
    for _ in range(2):
        answer = twilio_post(house, "/whatsapp/webhook", fields)
        assert (answer.status_code, answer.text[-11:]) == (200, "<Response/>")
        assert answer.headers["content-type"].startswith("application/xml")
    assert twilio_post(house, "/whatsapp/webhook", fields, token="wrong").status_code == 403
    assert house.rows("select outcome, repeats from inbound_event") == [{"outcome": "stop", "repeats": 1}]
    assert house.rows("select address from suppression") == [{"address": "+2290197000600"}]


def test_a_stop_by_sms_is_obeyed_whatever_network_brings_it(house: House) -> None:
    kannel = house.report_address("kannel")
    for _ in range(2):
        assert (
            httpx.get(kannel, params={"from": "22990000601", "to": "8080", "text": "Stop", "id": "7"}).status_code
            == 200
        )
    form = {"id": "m1", "from": "+2290197000602", "to": "8080", "text": "ARRET", "date": "2026-11-21", "linkId": "l"}
    assert httpx.post(house.report_address("africas_talking"), data=form).status_code == 200
    sms = house.report_address("twilio_sms")
    fields = {"AccountSid": SID, "From": "+2290197000603", "To": "+15005550006", "Body": "stop", "MessageSid": "SM9"}
    token = secret_of("twilio_sms", "auth_token")
    assert twilio_post(house, sms.removeprefix(house.address), fields, token=token).status_code == 200
    found = house.rows("select address, channel from suppression order by address")
    assert found == [{"address": f"+229019{tail}", "channel": "sms"} for tail in ("0000601", "7000602", "7000603")]
    assert len(house.rows("select 1 from inbound_event")) == 3
    httpx.get(kannel, params={"from": "+22990000601", "text": "START", "id": "8"})
    assert len(house.rows("select 1 from suppression where ended_at is null")) == 2


def test_other_kinds_and_sizes_are_not_read(house: House) -> None:
    url = f"{house.address}/whatsapp/webhook"
    assert httpx.post(url, content="x", headers={"Content-Type": "text/plain"}).status_code == 415
    assert httpx.post(url, content="x=" + "y" * 70_000, headers=FORM).status_code == 413
    large = httpx.post(url, content=b" " * 1_100_000, headers={"Content-Type": "application/json"})
    assert large.status_code == 413
    assert httpx.put(url).status_code == 405


def test_one_click_ends_the_reminders_of_a_mailbox(house: House) -> None:
    url = reports.unsubscribe_url("awa@example.org")
    assert "awa" not in url
    asked = httpx.get(url)
    assert (asked.status_code, "Me désabonner" in asked.text) == (200, True)
    assert house.rows("select 1 from suppression") == [], "looking at a link does nothing"
    done = httpx.post(url, data={"List-Unsubscribe": "One-Click"})
    assert (done.status_code, "C'est fait" in done.text) == (200, True)
    stopped = house.write(**reminder("1", channel=Channel.EMAIL, address="awa@example.org"))
    receipt = house.write("2", channel=Channel.EMAIL, address="awa@example.org")
    house.send()
    assert [house.state(one) for one in (stopped, receipt)] == ["suppressed", "sent"]
    for broken in ("x", "A" * 40, "%00"):
        assert httpx.post(f"{house.address}/desabonnement/{broken}").status_code == 404


def test_the_secret_of_an_address_is_in_no_row(house: House) -> None:
    message = house.write()
    house.send()
    house.wait(2)
    secret = house.report_address("kannel").rpartition("/")[2]
    stored = house.rows("select path, convert_from(body, 'UTF8') as body, outcome from inbound_event")
    assert [row["outcome"] for row in stored] == ["applied"]
    assert secret not in repr(stored)
    assert house.state(message) == "delivered"


@pytest.mark.parametrize("adapter", ["africas_talking"])
def test_a_report_that_is_faster_than_our_own_saving_waits_for_it(house: House, adapter: str) -> None:
    house.route("sms", adapter)
    message = house.write(address=number("006"))
    house.send()
    assert house.state(message) == "delivered"
    assert house.rows("select outcome, message_id from inbound_event") == [
        {"outcome": "applied", "message_id": message}
    ]


def test_a_network_may_resume_whom_it_bounced(house: House) -> None:
    with house.database.transaction() as session:
        suppressions.suppress(session, Channel.SMS, number(), "bounce", is_absolute=True)
        assert suppressions.is_suppressed(session, Channel.SMS, number(), 0)
        assert suppressions.resume(session, Channel.SMS, number())
        assert not suppressions.is_suppressed(session, Channel.SMS, number(), 3)


@pytest.mark.parametrize("code", ["%00", "a%00b", "%ed%a0%80", "%ff"])
def test_a_gateway_no_row_could_be_named_by_is_nobody(house: House, code: str) -> None:
    assert httpx.post(f"{house.address}/g/{code}/x", content=b"id=1").status_code == 404


def test_what_no_row_can_hold_is_taken_all_the_same(house: House) -> None:
    right = house.report_address("kannel")
    assert httpx.get(f"{right}?mid=%00&type=%00").status_code == 200
    status = {"id": "wamid.\0\ud800", "status": "\0", "errors": [{"code": "\0"}]}
    message = {"from": "\0\udfff", "id": "\ud800", "type": "text", "text": {"body": "STOP\0"}}
    assert meta_post(house, meta_body(statuses=[status], messages=[message])).status_code == 200
    for code in ("\0", "²", "9" * 5_000):
        fields = {"AccountSid": SID, "From": "whatsapp:+14155238886", "MessageSid": "SM\0", "ErrorCode": code}
        assert twilio_post(house, "/whatsapp/status?mid=%00", fields).status_code == 204


@pytest.mark.parametrize("change", ["environment = 'live' where adapter = 'smtp'", "state = 'paused' where true"])
def test_nobody_can_sign_a_stop_with_the_known_secret_of_a_fake(house: House, change: str) -> None:
    body = meta_body(messages=[{"from": "2290197000600", "id": "wamid.1", "type": "text", "text": {"body": "STOP"}}])
    with house.database.transaction() as session:
        driver(session).execute(f"update provider_account set {change}")
    assert meta_post(house, body).status_code == 403
    assert house.rows("select 1 from suppression") == []
