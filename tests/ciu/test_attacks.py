"""What is forged, altered or captured and sent again: refused, or without any effect."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from twilio.request_validator import RequestValidator

from core import clock, metrics
from core.settings import Environment, get_settings
from tests.ciu.clinic import APP_SECRET, AWA, FORM, KABILA, OURS, PHONE_ID, SID, TOKEN, Clinic, meta_text

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
REFUSED = (403, {"detail": "invalid signature"})

FOREIGN = (
    b'{"object":"whatsapp_business_account","entry":[{"changes":[{"value":{"metadata":{"phone_number_id":"1"}}}]}]}'
)
STRANGE = (
    b'{"object":"whatsapp_business_account","entry":[{"changes":[{"value":{"metadata":{"phone_number_id":'
    b'"106540352242922"},"messages":[{"id":{"a":1},"from":["x"]},{"id":"\\u0000","from":"243810000001",'
    b'"type":"text","text":{"body":"\\u0000\\ud800"}},7,null]}}]}]}'
)

Form = list[tuple[str, str]]


def sign(clinic: Clinic, form: Form, path: str = "/whatsapp/webhook") -> str:
    return str(RequestValidator(TOKEN).compute_signature(clinic.address + path, dict(form)))


def bring(clinic: Clinic, form: Form, signature: str, path: str = "/whatsapp/webhook") -> httpx.Response:
    headers = {"Content-Type": FORM, "X-Twilio-Signature": signature}
    return httpx.post(clinic.address + path, content=urlencode(form), headers=headers)


def outcome(answer: httpx.Response) -> tuple[int, Any]:
    return answer.status_code, answer.json()


def ignored() -> dict[str, float]:
    """Return how often something of Meta's was not heard, by reason."""
    reasons = ("unreadable", "other_object", "foreign_number", "unreadable_sender", "without_id")
    name = "palabre_whatsapp_ignored_total"
    return {one: metrics.registry.get_sample_value(name, {"channel": "meta", "reason": one}) or 0 for one in reasons}


def changed(form: Form, **fields: str) -> Form:
    return [*({**dict(form), **fields}).items()]


def test_what_was_signed_for_something_else_is_refused(clinic: Clinic) -> None:
    clinic.say("Bonjour")
    form = clinic.form("1985")
    signature = sign(clinic, form)
    for altered in (
        changed(form, Body="1986"),
        changed(form, From="whatsapp:+243810000002"),
        changed(form, MessageSid="SM" + "9" * 32),
        changed(form, To="whatsapp:+14155550000"),
        changed(form, ButtonPayload="confirm:yes"),
        [*form, ("Body", "1986")],
        form[:-1],
    ):
        assert outcome(bring(clinic, altered, signature)) == REFUSED, altered
    for path in ("/whatsapp/webhook/", "/whatsapp/webhook?x=1", "/whatsapp/status"):
        assert outcome(bring(clinic, form, signature, path)) == REFUSED, path
    for wrong in ("", "x", signature[:-1], signature.lower(), f"{signature}=", "A" * 27 + "=", "ÿ" * 20):
        headers = httpx.Headers({b"Content-Type": FORM.encode(), b"X-Twilio-Signature": wrong.encode("latin-1")})
        answer = httpx.post(f"{clinic.address}/whatsapp/webhook", content=urlencode(form), headers=headers)
        assert outcome(answer) == REFUSED, wrong
    other = changed(form, AccountSid="AC" + "9" * 32)
    assert outcome(bring(clinic, other, sign(clinic, other))) == REFUSED, "signed, but of another account"
    assert clinic.rows("select step from ciu_conversation") == [{"step": 0}]
    assert clinic.number("select count(*) from whatsapp_inbound") == 1


@pytest.mark.parametrize(
    "settings",
    [
        "key=SKnobody,algorithm=HMAC_SHA256",
        "algorithm=HMAC_SHA256",
        "key=,algorithm=HMAC_SHA256",
        "algorithm=none",
        "x",
    ],
)
def test_a_key_that_nobody_agreed_on_signs_nothing(clinic: Clinic, settings: str) -> None:
    form = clinic.form("Bonjour")
    url = f"{clinic.address}/whatsapp/webhook"
    text = url + "".join(f"{name}{value}" for name, value in sorted(form))
    for key in ("", TOKEN):
        signature = RequestValidator(key or "x").compute_signature(url, dict(form))
        made = {"sha1": signature, "sha256": hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()}
        for value in made.values():
            headers = {
                "Content-Type": FORM,
                "X-Twilio-Signature": value,
                "X-Twilio-Webhooks-Signature-Settings": settings,
            }
            assert httpx.post(url, content=urlencode(form), headers=headers).status_code == (
                200 if settings == "x" and value == signature and key else 403
            )


def test_a_captured_message_is_no_answer_to_a_later_question(clinic: Clinic) -> None:
    with clock.travel(NOON) as traveller:
        clinic.say("Bonjour")
        captured = clinic.form("1985")
        assert clinic.post(captured).status_code == 200
        clinic.say("RESTART")
        before = clinic.rows("select id, step, expires_at from ciu_conversation where ended_at is null")
        for pause_s in (0, 120, 600):
            traveller.advance(pause_s)
            assert clinic.post(captured).status_code == 200
        traveller.advance(40 * 24 * 3600)
        assert clinic.post(captured).status_code == 200
        assert clinic.rows("select id, step, expires_at from ciu_conversation where ended_at is null") == before
        assert clinic.events().count("repeated") == 4
        assert clinic.events().count("started") == 2


def test_a_captured_message_cannot_be_cut_anew_into_another_one(clinic: Clinic) -> None:
    """Twilio signs names and values run together: where one ends and the next begins is not signed."""
    clinic.say("Bonjour")
    fields = dict(clinic.form("1985", MediaContentType0="image/jpeg", ProfileName="Awa", SmsMessageSid=""))
    fields["SmsMessageSid"] = fields["MessageSid"]
    signature = sign(clinic, [*fields.items()])
    assert bring(clinic, [*fields.items()], signature).status_code == 200
    state = clinic.rows("select step, expires_at from ciu_conversation")
    for cuts in (
        [("MessageSid", "MessageType")],
        [("MessageSid", "MessageType"), ("ProfileName", "SmsMessageSid")],
        [("MediaContentType0", "MessageSid")],
        [("MediaContentType0", "MessageSid"), ("ProfileName", "SmsMessageSid")],
        [("From", "MediaContentType0")],
        [("MessageSi", ""), ("SmsMessageSi", "")],
        [("MessageSidS", ""), ("SmsMessageSidS", "")],
    ):
        form = dict(fields)
        for name, swallowed in cuts:
            if swallowed:
                form[name] += swallowed + form.pop(swallowed)
            else:  # the very name is cut elsewhere
                whole = "SmsMessageSid" if name.startswith("Sms") else "MessageSid"
                form[name] = (whole + form.pop(whole)).removeprefix(name)
        assert sign(clinic, [*form.items()]) == signature, "the very same text is signed"
        assert bring(clinic, [*form.items()], signature).status_code in {200, 400, 403}
        assert clinic.rows("select step, expires_at from ciu_conversation") == state, cuts
    assert clinic.events().count("answered") == 1


def test_a_signed_message_without_an_id_is_refused(clinic: Clinic) -> None:
    """Twilio always gives one: it went into another name or value, and the message would be taken for a new one."""
    form = [pair for pair in clinic.form("Bonjour") if pair[0] != "MessageSid"]
    assert outcome(bring(clinic, form, sign(clinic, form))) == REFUSED
    assert clinic.events() == []


def test_meta_signs_octets_and_nothing_else_is_taken(clinic: Clinic) -> None:
    url = f"{clinic.address}/whatsapp/webhook"
    message = meta_text("Bonjour é 😀", 1, sent_at=int(NOON.timestamp()))
    value = {"metadata": {"phone_number_id": PHONE_ID}, "messages": [message]}
    document = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"value": value}]}]}
    body = json.dumps(document).encode()  # with \u escapes, as Meta sends it
    digest = hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()

    def post(content: bytes, header: str | None) -> int:
        headers = {"Content-Type": "application/json"} | ({} if header is None else {"X-Hub-Signature-256": header})
        return httpx.post(url, content=content, headers=headers).status_code

    for header in (None, "", digest, f"sha1={digest}", f"SHA256={digest}", f"sha256={digest[:-1]}", "sha256="):
        assert post(body, header) == 403, header
    assert post(json.dumps(document, ensure_ascii=False).encode(), f"sha256={digest}") == 403, "written again"
    assert post(body + b"\n", f"sha256={digest}") == 403
    assert clinic.number("select count(*) from whatsapp_inbound") == 0
    for _ in range(3):
        assert post(body, f"sha256={digest}") == 200
    assert clinic.number("select count(*) from whatsapp_inbound") == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "unreadable"),
        (b"null", "other_object"),
        (b"[]", "other_object"),
        (b"{", "unreadable"),
        (b'"x"', "other_object"),
        (b"\xff\xfe", "unreadable"),
        (b"[" * 100_000, "unreadable"),
        (b'{"object":"page","entry":[{"changes":[{"value":{}}]}]}', "other_object"),
        (b'{"object":"whatsapp_business_account","entry":{"changes":1}}', ""),
        (FOREIGN, "foreign_number"),
        (STRANGE, "unreadable_sender"),
    ],
)
def test_what_is_signed_and_cannot_be_read_is_acknowledged_counted_and_stops_nobody(
    clinic: Clinic, body: bytes, reason: str
) -> None:
    before = ignored()
    digest = hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={digest}"}
    answer = httpx.post(f"{clinic.address}/whatsapp/webhook", content=body, headers=headers)
    assert outcome(answer) == (200, {"status": "ok"})
    assert [name for name, count in ignored().items() if count > before[name]] == ([reason] if reason else [])
    clinic.meta(meta_text("Bonjour", 7, "243810000002"))
    clinic.work()
    assert clinic.number("select count(*) from conversation_sessions where phone_number = '+243810000002'") == 1
    assert clinic.number("select count(*) from whatsapp_inbound where payload_enc is not null") == 0


def test_even_where_nothing_needs_a_signature_a_wrong_one_is_refused(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "environment", Environment.DEVELOPMENT)
    monkeypatch.setattr(get_settings(), "whatsapp_allow_unsigned", True)
    form = clinic.form("Bonjour")
    for wrong in ("", "x", sign(clinic, changed(form, Body="x"))):
        assert outcome(bring(clinic, form, wrong)) == REFUSED
    assert clinic.meta(meta_text("x", 1), secret="wrong") == 403
    assert clinic.number("select count(*) from ciu_identity") == 0
    assert bring(clinic, form, sign(clinic, form)).status_code == 200


def test_nobody_but_our_own_accounts_speaks_for_a_number_of_ours(clinic: Clinic) -> None:
    """A number that is known to Twilio alone is no programme's for Meta, and the other way round."""
    for to in (f"whatsapp:{PHONE_ID}", PHONE_ID, f"{OURS}0", "", "whatsapp:", f"whatsapp:{OURS};x"):
        form = changed(clinic.form("Bonjour"), To=to)
        assert bring(clinic, form, sign(clinic, form)).status_code == 403, to
    assert dict(form)["AccountSid"] == SID
    assert clinic.number("select count(*) from ciu_identity") == 0


def test_strange_texts_are_answered_and_never_break_the_answer(clinic: Clinic) -> None:
    clinic.say("Bonjour")
    for strange in (
        "\x00",
        "\ud7ff\uffff",
        "<Message>&amp;</Message>",
        "'; drop table ciu_record; --",
        "%s %(x)s {code}",
    ):
        answer = clinic.post(clinic.form(strange, AWA))
        assert answer.status_code == 200
        assert answer.text.count("<Message>") == 1
        assert "\x00" not in answer.text
        assert "1/5" in answer.text, "no such thing is a year, nor is it «I do not know»"
    said = ""
    for words in ("1985", "Kin<b>&shasa", "D'Artagnan"):
        said = clinic.say(words)
    assert "4/5" in said


def test_whoever_gets_a_number_that_somebody_gave_up_is_a_stranger(clinic: Clinic) -> None:
    code = clinic.code()
    system = {"type": "user_changed_number", "new_wa_id": "243820000009", "body": "x"}
    clinic.meta({"id": "ws", "from": AWA[1:], "timestamp": "0", "type": "system", "system": system})
    clinic.work()
    assert "1/5" in clinic.say("Bonjour")
    clinic.say("EFFACER")
    clinic.say("1")
    assert clinic.rows("select uic_code, phone_number from uic_records") == [
        {"uic_code": code, "phone_number": "+243820000009"}
    ]
    clinic.pause()
    assert clinic.tell(KABILA, "+243820000009").startswith("Votre CIU a déjà été généré")


def test_somebody_known_by_his_user_id_alone_keeps_it_beside_his_number(clinic: Clinic) -> None:
    user_id = "CD.13491208655302741918"
    clinic.say("Bonjour", user_id)
    assert "2/5" in clinic.say("1985", AWA, ExternalUserId=user_id)
    assert "3/5" in clinic.say("Kinshasa", user_id)
    assert "4/5" in clinic.say("Jean")
    assert clinic.rows("select value from ciu_identity") == [{"value": AWA}]
