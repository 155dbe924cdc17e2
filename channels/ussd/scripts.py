"""Walks kept as scripted dialogues, in the form of the vectors, and taken again on any version.

A run happens inside a transaction that is always given up: no money moves, no message leaves, no try of a code counts.
A secret is kept as `{pin}`; whoever runs a walk types the code, which is kept nowhere.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field
from sqlmodel import select

from channels.ussd import expectations, gateways, trial_lines
from channels.ussd.profiles.calling import Said, write
from channels.ussd.simulation import require_play_money
from channels.ussd.trial_lines import OpenLine, Walkable
from channels.ussd.turn import take_turn
from core import clock, ids
from core.database import Database, Session, driver, fetch_all, fetch_one
from core.errors import InvalidInput, NotFound, Refusal
from core.i18n import t
from core.masking import DOTS
from core.orders import Order
from core.permissions import Actor
from models.ussd import UssdService
from models.ussd_scripts import UssdScript
from services import audit

SECRET = "{pin}"  # noqa: S105  # a place, no secret
MOST_STEPS = 100
CONTRACTS = {"A": "doc_a", "B": "doc_b"}


class NothingToKeep(Refusal):
    """A walk without an answer, or whose texts were erased after their time."""

    code = "parcours_vide"
    status = 409
    sentence = "Ce parcours n'a aucun écran à garder."


class KeptStep(Order):
    """One thing typed and the screen it led to; a secret is never handed over: dots stand in its place."""

    typed: str = Field(default="", max_length=200)
    text: str = Field(max_length=2_000)
    has_more: bool


class KeepWalk(Order):
    """A walk to keep: the first step is the dialling, `typed` what was dialled behind the code."""

    title: str = Field(min_length=2, max_length=120)
    service: str
    phone: str
    steps: tuple[KeptStep, ...] = Field(min_length=1, max_length=MOST_STEPS)


class KeepSession(Order):
    """A recorded session to take again."""

    session_id: UUID
    title: str = Field(min_length=2, max_length=120)


class RunScript(Order):
    """Take a walk again on every version that may be walked; `pin` is its caller's code."""

    script_id: UUID
    pin: str = Field(default="", max_length=12, repr=False)


@dataclass(frozen=True, slots=True)
class ScriptRow:
    """A kept walk as pages show it."""

    id: UUID
    title: str
    service: str
    service_name: str
    caller: str
    steps: int
    has_secret: bool
    created_at: datetime
    author: str
    dialogue: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a walk met on one version; `step` is the first that differs, None when none does."""

    version: Walkable
    step: int | None = None
    typed: str = ""
    expected: str = ""
    seen: str = ""
    has_more: bool = True


def keep_walk(session: Session, actor: Actor, order: KeepWalk) -> ScriptRow:
    """Keep a walk of the phone."""
    require_play_money(session, actor)
    service = session.exec(select(UssdService).where(UssdService.key == order.service)).first()
    if service is None:
        raise NotFound(thing="service")
    is_cumulative = order.service.startswith("service")
    code = next((one.code for one in trial_lines.list_services(session, actor) if one.key == order.service), "")
    row = UssdScript(service_id=service.id, title=order.title, created_by=actor.user_id)
    session.add(row)
    session.flush()
    row.dialogue = {
        "id": f"essai-{row.id.hex[-8:]}",
        "contract": "A" if is_cumulative else "B",
        "caller": order.phone,
        "title": order.title,
        "service_code": code,
        "steps": list(_steps(order.steps, code, is_cumulative=is_cumulative)),
    }
    session.flush()
    audit.record(session, actor, "ussd_script.keep", "ussd_script", row.id, summary=order.title)
    return get_script(session, actor, row.id)


def keep_session(session: Session, actor: Actor, order: KeepSession) -> ScriptRow:
    """Keep a recorded session as a walk: its screens are what the next version must show."""
    require_play_money(session, actor)
    rows = fetch_all(
        session,
        "select t.number, t.input_text, t.response_text, t.has_more, s.phone, v.key from ussd_turn t"
        " join ussd_session s on s.id = t.session_id join ussd_service v on v.id = s.service_id"
        " where t.session_id = %s and t.progress = 'done' order by t.number limit %s",
        (order.session_id, MOST_STEPS),
    )
    if not rows or rows[0]["phone"] is None or not all(row["response_text"] for row in rows):
        raise NothingToKeep
    steps = tuple(
        KeptStep(
            typed=row["input_text"],
            text=row["response_text"],
            has_more=row["has_more"],
        )
        for row in rows
    )
    walk = KeepWalk(title=order.title, service=rows[0]["key"], phone=rows[0]["phone"], steps=steps)
    return keep_walk(session, actor, walk)


def drop_script(session: Session, actor: Actor, script_id: UUID) -> bool:
    """Throw a kept walk away."""
    require_play_money(session, actor)
    row = session.get(UssdScript, script_id)
    if row is None:
        raise NotFound(thing="script")
    audit.record(session, actor, "ussd_script.drop", "ussd_script", row.id, summary=row.title)
    session.delete(row)
    session.flush()
    return True


def run_script(session: Session, actor: Actor, order: RunScript) -> list[Verdict]:
    """Take a walk again on the live version and on every draft, and say where each first differs."""
    require_play_money(session, actor)
    script = get_script(session, actor, order.script_id)
    if script.has_secret and not order.pin:
        raise InvalidInput({"pin": t("ce parcours demande le code de son appelant")})
    return [
        _run(session, actor, script, version, order.pin)
        for version in trial_lines.list_versions(session, actor, script.service)
    ]


def _steps(steps: Sequence[KeptStep], code: str, *, is_cumulative: bool) -> Iterator[dict[str, Any]]:
    """Write the steps as the contract sends them: all that was typed so far, or the last answer."""
    so_far: list[str] = []
    for number, step in enumerate(steps):
        typed = step.typed.replace(DOTS, SECRET)
        if is_cumulative:
            so_far += [typed] if number or typed else []
            sent = "*".join(so_far)
        else:
            sent = typed if number else f"{code.rstrip('#')}*{typed}#" if typed else code
        yield {
            "input": sent,
            "expect": expectations.expect(step.text, has_more=step.has_more),
            "reference": step.text,
        }


class _GivenUpError(Exception):
    """The walk is over: nothing of it stays."""


class _Stage(Database):
    """The database of a walk: each of its transactions is a savepoint of one that is given up in the end."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @contextmanager
    def transaction(self, *, statement_timeout_ms: int | None = None) -> Iterator[Session]:
        """Open a savepoint."""
        del statement_timeout_ms  # the transaction around it has one
        with self._session.begin_nested():
            yield self._session


def _run(session: Session, actor: Actor, script: ScriptRow, version: Walkable, pin: str) -> Verdict:
    found = Verdict(version)
    try:
        with session.begin_nested():
            _rest(session, script.caller)
            found = _walk(session, actor, script, version, pin)
            raise _GivenUpError  # noqa: TRY301  # what a savepoint is given up by
    except _GivenUpError:
        return found
    except Refusal as refusal:
        return Verdict(version, step=1, seen=str(refusal))
    finally:
        gateways.forget()


def _rest(session: Session, phone: str) -> None:
    """Set the caller's last days aside: no «vous avez déjà envoyé», no «reprendre», no ceiling reached before."""
    connection = driver(session)
    connection.execute(
        "update ussd_operation o set created_at = o.created_at - interval '40 days' from wallet w, users u"
        " where o.payer_id = w.id and w.user_id = u.id and u.phone = %s and o.created_at > now() - interval '40 days'",
        (phone,),
    )
    connection.execute(
        "update ussd_session set last_activity_at = last_activity_at - interval '1 day'"
        " where phone = %s and last_activity_at > now() - interval '1 day'",
        (phone,),
    )


def _walk(session: Session, actor: Actor, script: ScriptRow, version: Walkable, pin: str) -> Verdict:
    dialogue = script.dialogue
    order = OpenLine(profile=CONTRACTS[dialogue["contract"]], service=script.service, version_id=version.id)
    line = trial_lines.open_line(session, actor, order)
    gateway = gateways.known_in(session).by_key[line.gateway]
    stage, key = _Stage(session), f"essai-{ids.new_id().hex[-12:]}"
    for number, step in enumerate(dialogue["steps"], start=1):
        typed = str(step["input"]).replace(SECRET, pin)
        said = Said(
            "begin" if number == 1 else "continue",
            f"{key}-{step.get('session', 's1')}",
            step.get("from", dialogue["caller"]),
            dialogue["service_code"],
            clock.now(),
            typed=(typed,) if typed else (),
            turn=number - 1,
            carried={line.contract.profile.fields.input[0]: typed},
        )
        turn = line.contract.decode(line.contract.read(write(line.contract.profile, said)), gateway.place, clock.now())
        answer = take_turn(stage, gateway, line.contract, turn, is_test=True, trial=version.id)
        wrong = list(expectations.differences(step["expect"], answer.text, has_more=answer.has_more))
        if wrong:
            shown = str(step["input"]).replace(SECRET, DOTS)
            return Verdict(version, number, shown, step.get("reference", ""), answer.text, answer.has_more)
    return Verdict(version)


# Reads

_ROWS = """
select r.id, r.title, r.created_at, r.dialogue, v.key as service, v.name as service_name,
       r.dialogue ->> 'caller' as caller, jsonb_array_length(r.dialogue -> 'steps') as steps,
       (r.dialogue -> 'steps')::text like '%%{pin}%%' as has_secret,
       coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), '–') as author
from ussd_script r join ussd_service v on v.id = r.service_id left join users u on u.id = r.created_by
"""


def list_scripts(session: Session, actor: Actor) -> list[ScriptRow]:
    """Return the kept walks, newest first."""
    require_play_money(session, actor)
    return [ScriptRow(**row) for row in fetch_all(session, _ROWS + " order by r.created_at desc limit %s", (100,))]


def get_script(session: Session, actor: Actor, script_id: UUID) -> ScriptRow:
    """Return one kept walk."""
    require_play_money(session, actor)
    row = fetch_one(session, _ROWS + " where r.id = %s", (script_id,))
    if row is None:
        raise NotFound(thing="script")
    return ScriptRow(**row)
