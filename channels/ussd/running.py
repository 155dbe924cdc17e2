"""A turn while it is worked out: flow, dialogue and caller as the rows give them, and the engine's steps."""

from collections.abc import Generator, Mapping
from typing import Any
from uuid import UUID

from channels import engine
from channels.actions import ActionContext, Effect, Outcome, ResumePoint, SlowStep, UnseenResult
from channels.engine import Caller, Dialogue, Reply
from channels.flow import Flow, flow_of, parse_flow
from channels.ussd.actions import REGISTRY
from channels.ussd.gateways import Gateway
from channels.ussd.profiles.wire import GatewayTurn
from channels.ussd.receipts import Opened
from core.database import Session, fetch_one
from core.gsm7 import Limits
from core.money import Currency
from core.phone import normalise


class Running:
    """One turn between its opening and its closing; it outlives a transaction when a step is slow."""

    def __init__(self, session: Session, gateway: Gateway, turn: GatewayTurn, opened: Opened, limits: Limits) -> None:
        self.opened = opened
        self.dialogue = _dialogue(opened)
        self.slow_step: SlowStep | None = None
        self.worked: Any = None
        caller = _caller(gateway, turn, opened)
        self._context = _context(session, caller, self.dialogue, opened, limits)
        find = _draft if opened.session["is_test"] else _flow
        flow = find(session, UUID(opened.session["version_id"]))
        self._steps = _begin(flow, self.dialogue, caller, self._context, turn, opened)

    @property
    def user_id(self) -> UUID | None:
        """Who calls; a registration in this very turn has just said so."""
        return self._context.caller.user_id

    def advance(self, session: Session) -> Reply | None:
        """Go on in `session`; None when `slow_step` must be worked out first."""
        self._context.session = session
        try:
            if self.slow_step is None:
                self.slow_step = next(self._steps)
            else:
                self.slow_step = self._steps.send(self.slow_step.settle(self._context, self.worked))
        except StopIteration as over:
            reply: Reply = over.value
            return reply
        return None

    def switch(self, switched: Mapping[str, Any]) -> None:
        """Take in what was switched off while the slow step ran: no money moves after that."""
        self._context.switched = switched

    @property
    def has_reserved(self) -> bool:
        """Whether the slow step set money aside, and was not refused."""
        step = self.slow_step
        return step is not None and step.action.effect is Effect.MONEY and not isinstance(step.ticket, Outcome)

    def prepare(self) -> None:
        """Do what the slow step must have committed before it is worked out."""
        assert self.slow_step is not None  # noqa: S101  # `advance` gave one
        self.slow_step.prepare(self._context)


def _begin(
    flow: Flow, dialogue: Dialogue, caller: Caller, context: ActionContext, turn: GatewayTurn, opened: Opened
) -> Generator[SlowStep, Outcome, Reply]:
    """Say what the request's text means here: direct dial, a first message, or an answer."""
    if turn.transcript is not None:
        rest = turn.transcript[opened.input_offset :]
        answers = ([rest] if not opened.is_begin else rest.split("*")) if rest or not opened.is_begin else []
        return engine.run(flow, dialogue, caller, answers, context)
    if not opened.is_begin:
        return engine.run(flow, dialogue, caller, [turn.message], context)
    if turn.message and turn.message != turn.dialled:
        return engine.first_message(flow, dialogue, caller, turn.message, context)
    tail = turn.tail or (opened.tail if turn.message else None)
    return engine.run(flow, dialogue, caller, tail.split("*") if tail else [], context)


def _dialogue(opened: Opened) -> Dialogue:
    row = opened.session
    return Dialogue(
        session_id=UUID(row["id"]),
        version_id=UUID(row["version_id"]),
        screen=row["screen"],
        page=row["page"],
        visit=row["visit"],
        data=row["data"],
        scratch=row["scratch"],
        refusals=row["refusals"],
        language=row["language"],
        goal=row["goal"],
        has_committed=row["has_committed"],
    )


def _caller(gateway: Gateway, turn: GatewayTurn, opened: Opened) -> Caller:
    if turn.phone is None:
        return Caller(None, status="anonymous", country=gateway.country)
    known, country = opened.caller, normalise(turn.phone, None).country
    if known is None:
        return Caller(turn.phone, country=country)
    is_suspended = known["state"] != "active" or known["wallet_state"] not in {None, "active"}
    level = known["wallet_level"]
    return Caller(
        phone=turn.phone,
        user_id=UUID(known["user_id"]),
        status="suspended" if is_suspended else "active" if known["wallet_id"] else "unknown",
        role=level if level in {"agent", "merchant"} else "client",
        language=known["language"],
        name=known["name"],
        country=country,
        must_prove=known["must_prove"],
    )


def _context(session: Session, caller: Caller, dialogue: Dialogue, opened: Opened, limits: Limits) -> ActionContext:
    service, older = opened.service, opened.resume
    unseen = (opened.caller or {}).get("unseen")
    context = ActionContext(
        session=session,
        caller=caller,
        dialogue=dialogue,
        service_currency=Currency(service["currency"]),
        timezone=service["timezone"],
        brand=service["settings"].get("brand", service["name"]),
        settings=service["settings"],
        switched=opened.switched,
        registry=REGISTRY,
        limits=limits,
        load_version=lambda version_id: _flow(session, version_id),
        resume=ResumePoint(UUID(older["id"]), UUID(older["version_id"]), older["scratch"]) if older else None,
        unseen=_unseen(unseen) if unseen else None,
    )
    context.load_flow = lambda key: _sub_flow(context.session, key)  # whichever transaction is open then
    return context


def _unseen(operation: dict[str, Any]) -> UnseenResult:
    return UnseenResult(
        operation_id=UUID(operation["operation_id"]),
        type=operation["type"],
        reference=operation["reference"],
        amount=operation["amount_minor"],
        payee_name=operation["payee_name"] or "",
    )


def _flow(session: Session, version_id: UUID) -> Flow:
    """Return a version's flow; published versions are immutable, so the process keeps what it has parsed."""
    return flow_of(version_id, lambda: _body(session, version_id))


def _draft(session: Session, version_id: UUID) -> Flow:
    """Return the flow of a version that somebody may be writing just now: a test reads it anew at every turn."""
    return parse_flow(_body(session, version_id))


def _body(session: Session, version_id: UUID) -> dict[str, Any]:
    row = fetch_one(session, "select body from flow_version where id = %s", (version_id,))
    assert row is not None  # noqa: S101  # the session's row refers to it
    body: dict[str, Any] = row["body"]
    return body


def _sub_flow(session: Session, key: str) -> Flow:
    """Return the newest version of a sub-flow that was ever live: a dialogue inside a closed survey goes on."""
    row = fetch_one(
        session,
        "select v.id from flow f join flow_version v on v.flow_id = f.id"
        " where f.key = %s and v.state in ('published', 'retired') order by v.number desc limit 1",
        (key,),
    )
    if row is None:
        raise LookupError(key)
    return _flow(session, row["id"])
