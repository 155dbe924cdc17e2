"""What an administrator sets: programmes, their limits and numbers; each holds from the next message on."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from core import clock
from core.errors import Forbidden
from core.permissions import SYSTEM, Actor, Grant, Role, Scope
from models.whatsapp import WhatsappChannel
from services.ciu.store import cleaning, keeping, senders, settings
from services.ciu.store.recipes import RecipeWeak
from services.ciu.store.senders import CloseSender, MoveSender, OpenSender, SenderRefused, SenderTaken
from services.ciu.store.settings import ChangeProgramme, CreateProgramme, ProgrammeCodeTaken, ProgrammeRow
from tests.builders import people
from tests.ciu.clinic import AWA, KABILA, OURS, Clinic

VIH = CreateProgramme(code="vih-kin", name="VIH Kinshasa", contact="+243 99")


def run(clinic: Clinic, verb: Any, *arguments: Any, actor: Actor = SYSTEM) -> Any:
    with clinic.database.transaction() as session:
        return verb(session, actor, *arguments)


def change(clinic: Clinic, **limits: Any) -> ProgrammeRow:
    given = {"name": "Programme", "timezone": "Africa/Kinshasa", **limits}
    row: ProgrammeRow = run(clinic, settings.change_programme, ChangeProgramme(programme="ciu", **given))
    return row


def own_sender(clinic: Clinic) -> Any:
    row = run(clinic, settings.get_programme, "ciu")
    return next(one for one in row.senders if one.address == OURS)


def test_a_programme_begins_with_a_drawn_code_and_answers_at_its_number(clinic: Clinic) -> None:
    row = run(clinic, settings.create_programme, VIH)
    assert (row.recipe, row.recipe_version, row.languages, row.consent) == ("random", 1, ("fr", "en", "ln"), "notice")
    run(clinic, senders.move_sender, MoveSender(sender_id=own_sender(clinic).id, programme="vih-kin"))
    assert "VIH Kinshasa" in clinic.say("Bonjour")
    for word in KABILA:
        clinic.say(word)
    assert "Votre CIU" in clinic.say("1")
    assert clinic.rows("select p.code from ciu_record r join ciu_programme p on p.id = r.programme_id") == [
        {"code": "vih-kin"}
    ]
    with pytest.raises(ProgrammeCodeTaken):
        run(clinic, settings.create_programme, VIH)


def test_a_weak_programme_is_begun_knowingly(clinic: Clinic) -> None:
    weak = VIH.model_copy(update={"recipe": "compact"})
    with pytest.raises(RecipeWeak):
        run(clinic, settings.create_programme, weak)
    made = run(clinic, settings.create_programme, weak.model_copy(update={"accepts_weak": True}))
    assert made.recipe == "compact"


def test_limits_hold_from_the_next_message_on(clinic: Clinic) -> None:
    change(clinic, name="PNLS", contact="Dr Mbala", timeout_minutes=5, max_new_codes_per_identity=1)
    assert "PNLS" in clinic.say("Bonjour")
    assert "Dr Mbala" in clinic.say("AIDE")
    row = clinic.rows("select expires_at - now() as left from ciu_conversation where ended_at is null")[0]
    assert timedelta(minutes=4) < row["left"] <= timedelta(minutes=5)
    clinic.tell()
    assert "Trop d'essais" in clinic.tell(("1990", "Goma", "Jo", "7", "Nsele"))
    clinic.pause()
    change(clinic, max_new_codes_per_identity=1, exempt_numbers=(AWA.replace("+", " "),))
    assert "Votre CIU" in clinic.tell(("1990", "Goma", "Jo", "7", "Nsele"))


def test_what_is_set_is_read_back_and_audited_without_numbers(clinic: Clinic) -> None:
    row = change(clinic, exempt_numbers=(AWA, AWA), review_score=75, forget_mode="unlink", phone_retention_months=24)
    assert row.exempt_numbers == (AWA,)
    assert (row.review_score, row.forget_mode, row.phone_retention_months, row.timeout_minutes) == (
        75,
        "unlink",
        24,
        None,
    )
    entry = clinic.rows("select changes::text as changes from audit_entry where action = 'ciu_programme.change'")[0]
    assert AWA not in entry["changes"]
    assert '"exempt_numbers": 1' in entry["changes"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"timeout_minutes": 61},
        {"timeout_minutes": 0},
        {"timezone": "Africa/Nulle-Part"},
        {"exempt_numbers": ("Awa",)},
        {"exempt_numbers": ("CD.1349",)},
        {"phone_retention_months": 0},
        {"forget_mode": "never"},
        {"name": ""},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ChangeProgramme(**{"programme": "ciu", "name": "PNLS", "timezone": "Africa/Kinshasa", **wrong})


def test_numbers_are_opened_once_and_closed(clinic: Clinic) -> None:
    order = OpenSender(channel=WhatsappChannel.TWILIO, address="whatsapp:+243 820 000 001", programme="ciu")
    opened = run(clinic, senders.open_sender, order)
    assert opened.address == "+243820000001"
    with pytest.raises(SenderTaken):
        run(clinic, senders.open_sender, order)
    for channel, address in (("twilio", "Kinshasa"), ("meta", "+243820000001"), ("twilio", "CD.1349AB")):
        with pytest.raises(SenderRefused):
            run(clinic, senders.open_sender, OpenSender(channel=channel, address=address, programme="ciu"))
    run(clinic, senders.close_sender, CloseSender(sender_id=opened.id, reason="numéro rendu"))
    run(clinic, senders.open_sender, order)
    run(clinic, senders.close_sender, CloseSender(sender_id=own_sender(clinic).id, reason="numéro rendu"))
    assert clinic.post(clinic.form("Bonjour")).text.endswith("<Response/>")


def test_the_keys_are_counted_never_shown(clinic: Clinic) -> None:
    clinic.code()
    found = run(clinic, settings.list_keys)
    assert [(one.is_loaded, one.is_newest) for one in found] == [(True, True)]
    assert found[0].rows == 2  # one digest of the answers, one of the address
    assert not any(isinstance(getattr(found[0], name), str | bytes) for name in found[0].__slots__)


@pytest.mark.parametrize("verb", [settings.list_programmes, settings.list_keys])
def test_settings_are_the_administrators(clinic: Clinic, verb: Any) -> None:
    operator = people.actor(None, Grant(Scope.CIU, Role.OPERATEUR))
    with pytest.raises(Forbidden):
        run(clinic, verb, actor=operator)
    moving = MoveSender(sender_id=own_sender(clinic).id, programme="ciu")
    for act, order in ((settings.create_programme, VIH), (senders.move_sender, moving)):
        with pytest.raises(Forbidden):
            run(clinic, act, order, actor=operator)
    assert list(run(clinic, settings.list_programme_names, actor=operator)) == ["ciu"]


def test_a_number_is_let_go_of_when_its_time_is_over(clinic: Clinic) -> None:
    code, other = clinic.code(), "+243810000009"
    clinic.code(("1990", "Goma", "Jo", "7", "Nsele"), other)
    clinic.rows("update ciu_identity set last_inbound_at = %s where value = %s returning id",
                (clock.now() - timedelta(days=200), AWA))  # fmt: skip
    night = [keeping.EVERY_NIGHT[-1]]
    cleaning.run(clinic.database, night, lambda: False)
    assert clinic.number("select count(*) from ciu_identity") == 2
    change(clinic, phone_retention_months=6)
    assert cleaning.run(clinic.database, night, lambda: False) == {night[0]: 1}
    assert clinic.rows("select value from ciu_identity") == [{"value": other}]
    assert clinic.rows("select uic_code, phone_number from uic_records where uic_code = %s", (code,)) == [
        {"uic_code": code, "phone_number": None}
    ]
    assert code in clinic.tell(sender="+243810000077")


def test_who_only_said_hello_is_let_go_of_too(clinic: Clinic) -> None:
    clinic.say("Bonjour")
    clinic.rows("update ciu_identity set last_inbound_at = %s returning id", (clock.now() - timedelta(days=200),))
    change(clinic, phone_retention_months=6)
    run(clinic, settings.create_programme, VIH)
    night = keeping.EVERY_NIGHT[-1]
    assert cleaning.run(clinic.database, [night], lambda: False) == {night: 0}
    order = ChangeProgramme(programme="vih-kin", name="VIH", timezone="Africa/Kinshasa", phone_retention_months=3)
    run(clinic, settings.change_programme, order)
    assert cleaning.run(clinic.database, [night], lambda: False) == {night: 1}
    assert clinic.number("select count(*) from ciu_identity") == 0


def test_a_number_that_another_programme_keeps_stays(clinic: Clinic) -> None:
    clinic.code()
    run(clinic, settings.create_programme, VIH)
    run(clinic, senders.move_sender, MoveSender(sender_id=own_sender(clinic).id, programme="vih-kin"))
    clinic.tell()
    clinic.rows("update ciu_identity set last_inbound_at = %s returning id", (clock.now() - timedelta(days=200),))
    change(clinic, phone_retention_months=6)
    assert cleaning.run(clinic.database, [keeping.EVERY_NIGHT[-1]], lambda: False) == {keeping.EVERY_NIGHT[-1]: 0}
