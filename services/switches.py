"""Switches: what serves, what is in maintenance, what is stopped, for the platform, a gateway, a service, a money type.

Stopping takes effect on the next turn and needs one person; opening again what was stopped needs two.
What was committed goes on: money on its way arrives, an operator's question is answered.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import NAMESPACE_OID, UUID, uuid5

from pydantic import Field
from sqlmodel import select

from core import clock, live
from core.database import Session, fetch_all, fetch_one
from core.errors import NotFound, Refusal, WrongState
from core.gsm7 import Limits, clean, fold, measure
from core.orders import Order
from core.permissions import Actor, Permission
from core.states import transition
from models.switches import SWITCH_STEPS, SwitchScope, UssdSwitch
from models.ussd import EMERGENCY, SwitchState, UssdGateway, UssdService
from models.wallets import OperationType
from services import approvals, audit
from services.approvals import ApprovalRow, AskApproval, Kind

PLATFORM = ""
TOPIC = "switches"
Switched = UssdSwitch | UssdGateway | UssdService


class SentenceTooLong(Refusal):
    """What callers would read does not fit one screen."""

    code = "phrase_trop_longue"
    status = 422
    sentence = "Ce texte prend {size} caractères de téléphone : {most} au plus."


class PausedByHand(Refusal):
    """An account that waits for its first service, or was paused on its page, is not an emergency that ends."""

    code = "passerelle_suspendue"
    status = 409
    sentence = "Cette passerelle est suspendue, non arrêtée d'urgence : un administrateur la remet en service."


class StopSwitch(Order):
    """Stop something, or put it in maintenance; `text` is what callers read, by language (empty: our own sentence)."""

    scope: SwitchScope
    key: str = PLATFORM
    state: Literal[SwitchState.MAINTENANCE, SwitchState.STOPPED] = SwitchState.STOPPED
    text: Mapping[str, str] = Field(default_factory=dict)
    reason: str = Field(min_length=3, max_length=500)


class ReopenSwitch(Order):
    """Let something serve again."""

    scope: SwitchScope
    key: str = PLATFORM
    reason: str = Field(min_length=3, max_length=500)


@dataclass(frozen=True, slots=True)
class SwitchRow:
    """One switch as it stands. `open_sessions` is how many dialogues its stopping ends; None for a money type."""

    scope: SwitchScope
    key: str
    name: str
    state: SwitchState
    text: Mapping[str, str]
    changed_at: datetime | None
    open_sessions: int | None
    approval: ApprovalRow | None


def stop(session: Session, actor: Actor, order: StopSwitch) -> None:
    """Stop it for the next turn on; `WrongState` when it stands so already, `SentenceTooLong` for its text."""
    actor.require(Permission.USSD_SWITCH)
    text = {language: _sentence(words) for language, words in order.text.items() if words.strip()}
    row = _locked(session, actor, order.scope, order.key)
    before = str(row.state)
    if row.state == SwitchState.STOPPED:  # maintenance is lifted by one person alone: it is no way round the second
        raise WrongState(state=before, wanted=SwitchState.LIVE)
    transition(row, SWITCH_STEPS, SwitchState(order.state))
    _write(session, actor, row, text)
    changes = {"from": before, "to": order.state, "text": text}
    audit.record(session, actor, "ussd_switch.stop", "ussd_switch", _name(order), order.reason, changes)


def reopen(session: Session, actor: Actor, order: ReopenSwitch) -> ApprovalRow | None:
    """Open what is in maintenance at once (None); what was stopped is opened by a second person, who is asked here."""
    actor.require(Permission.USSD_SWITCH)
    row = _locked(session, actor, order.scope, order.key)
    if isinstance(row, UssdGateway) and row.state == SwitchState.STOPPED and not row.options.get(EMERGENCY):
        raise PausedByHand
    if row.state == SwitchState.STOPPED:
        return approvals.ask(
            session,
            actor,
            AskApproval(
                kind=REOPEN.name,
                subject_type="ussd_switch",
                subject_id=_subject(order.scope, order.key),
                summary=_name(order),
                reason=order.reason,
                payload=order.model_dump(mode="json"),
            ),
        )
    _open(session, actor, row, order)
    return None


def _open(session: Session, actor: Actor, row: Switched, order: ReopenSwitch) -> None:
    transition(row, SWITCH_STEPS, SwitchState.LIVE)
    _write(session, actor, row, {})
    audit.record(session, actor, "ussd_switch.reopen", "ussd_switch", _name(order), order.reason)


def _opened_by_two(session: Session, actor: Actor, approval: ApprovalRow) -> None:
    order = ReopenSwitch.model_validate(approval.payload)
    _open(session, actor, _locked(session, actor, order.scope, order.key), order)


REOPEN = approvals.register(
    Kind(
        name="ussd_reopen",
        title="Rouvrir ce qui a été arrêté",
        asks=Permission.USSD_SWITCH,
        decides=Permission.USSD_SWITCH,
        on_approved=_opened_by_two,
    )
)


def _sentence(words: str) -> str:
    text = fold(clean(words.strip()))
    size = measure(text).size
    most = Limits().gsm7
    if size > most:
        raise SentenceTooLong(size=size, most=most)
    return text


def _locked(session: Session, actor: Actor, scope: SwitchScope, key: str) -> Switched:
    """Return the row of a switch, locked; the platform's and a money type's is made when it first serves."""
    found: Switched | None
    match scope:
        case SwitchScope.GATEWAY:
            found = session.exec(select(UssdGateway).where(UssdGateway.key == key).with_for_update()).one_or_none()
        case SwitchScope.SERVICE:
            found = session.exec(select(UssdService).where(UssdService.key == key).with_for_update()).one_or_none()
        case _:
            found = session.exec(
                select(UssdSwitch).where(UssdSwitch.scope == scope, UssdSwitch.key == key).with_for_update()
            ).one_or_none()
            if found is None and (key in set(OperationType) or (scope, key) == (SwitchScope.PLATFORM, PLATFORM)):
                found = UssdSwitch(scope=scope, key=key, changed_at=clock.now(), changed_by=actor.user_id)
    if found is None:
        raise NotFound(thing=scope.value)
    return found


def _write(session: Session, actor: Actor, row: Switched, text: dict[str, str]) -> None:
    match row:
        case UssdSwitch():
            row.text, row.changed_at, row.changed_by = text, clock.now(), actor.user_id
        case UssdService():
            row.state_text = text
        case UssdGateway():
            others = {name: value for name, value in row.options.items() if name != EMERGENCY}
            row.options = {**others, EMERGENCY: True} if row.state == SwitchState.STOPPED else others
    session.add(row)
    session.flush()
    live.ring(TOPIC)


def _subject(scope: SwitchScope, key: str) -> UUID:
    """Return what an approval calls a switch: the same for the same one, whether it has a row or not."""
    return uuid5(NAMESPACE_OID, f"ussd_switch:{scope}:{key}")


def _name(order: StopSwitch | ReopenSwitch) -> str:
    return f"{order.scope} {order.key}".strip()


# Reads

_SWITCHES = """
select 'platform' as scope, '' as key, '' as name, coalesce(w.state, 'live') as state, coalesce(w.text, '{}') as text,
       w.changed_at, (select count(*) from ussd_session where state = 'open') as open_sessions
from (select 1) one left join ussd_switch w on w.scope = 'platform'
union all
select 'gateway', g.key, g.name, g.state, '{}', null,
       (select count(*) from ussd_session s where s.state = 'open' and s.gateway_id = g.id) from ussd_gateway g
where not g.options ? 'is_test' and (g.state <> 'stopped' or g.options ? 'is_emergency')
union all
select 'service', v.key, v.name, v.state, v.state_text, null,
       (select count(*) from ussd_session s where s.state = 'open' and s.service_id = v.id) from ussd_service v
union all
select 'money', m.key, m.key, coalesce(w.state, 'live'), coalesce(w.text, '{}'), w.changed_at, null
from unnest(%s::text[]) with ordinality as m (key, rank) left join ussd_switch w on w.scope = 'money' and w.key = m.key
"""


def list_switches(session: Session, actor: Actor) -> list[SwitchRow]:
    """Return every switch: the platform's, then gateways, services and kinds of money, by name.

    An account paused on its own page, or that never served, is no emergency, and no simulator's line is a gateway.
    """
    actor.require(Permission.USSD_READ)
    waiting = {row.subject_id: row for row in approvals.list_waiting(session, actor, kinds=frozenset({REOPEN.name}))}
    rows = [
        SwitchRow(
            scope=SwitchScope(row["scope"]),
            key=row["key"],
            name=row["name"],
            state=SwitchState(row["state"]),
            text=row["text"],
            changed_at=row["changed_at"],
            open_sessions=row["open_sessions"],
            approval=waiting.get(_subject(SwitchScope(row["scope"]), row["key"])),
        )
        for row in fetch_all(session, _SWITCHES, (list(OperationType),))
    ]
    order = list(SwitchScope)
    return sorted(rows, key=lambda row: (order.index(row.scope), row.name))


def is_live(session: Session, kind: OperationType) -> bool:
    """Say whether a kind of money moves: for what pays without a dialogue."""
    row = fetch_one(session, "select state from ussd_switch where scope = %s and key = %s", (SwitchScope.MONEY, kind))
    return row is None or row["state"] == SwitchState.LIVE


def count_stopped(session: Session) -> int:
    """Return how many switches do not stand on «live», for the mark that stays visible while one is on."""
    row = fetch_all(
        session,
        """
        select (select count(*) from ussd_switch where state <> 'live')
             + (select count(*) from ussd_service where state <> 'live') as stopped
        """,
    )
    return int(row[0]["stopped"])
