"""One turn of a USSD dialogue: open, step, close, commit; only then does a byte leave (`docs/ussd.md`, 7.1 and 7.2).

Whatever goes wrong, the gateway gets an END in its own form, and either everything of the turn stands or nothing does.
"""

import time
from dataclasses import dataclass, replace
from uuid import UUID

import psycopg
import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from channels import texts
from channels.engine import Reply
from channels.ussd import leaving, receipts, unserved
from channels.ussd.gateways import Gateway
from channels.ussd.pools import BusyError, pool_of, work_out
from channels.ussd.profiles.contract import Contract
from channels.ussd.profiles.wire import GatewayTurn, WireAnswer
from channels.ussd.receipts import Closing, Digests, Opened
from channels.ussd.running import Running
from core import gsm7, live, metrics
from core.database import Database, Session
from core.settings import get_settings
from services.messages import flash
from services.switches import PLATFORM

SLOW_TIMEOUT_S = 2.5
BUSY_PAUSE_S = 0.025
ANSWER_MARGIN_S = 0.3

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What leaves, what kind of turn it was, and what the simulator shows beside it.

    `typed` is what the input field held, redacted; None where it may be a late secret.
    """

    wire: WireAnswer
    outcome: str
    text: str
    has_more: bool
    coding: str = "gsm7"
    size: int = 0
    service: str = ""
    session_id: UUID | None = None
    turn_id: UUID | None = None
    typed: str | None = None
    turn_number: int = 0


def take_turn(
    database: Database,
    gateway: Gateway,
    contract: Contract,
    turn: GatewayTurn,
    *,
    is_test: bool = False,
    trial: UUID | None = None,
    started: float | None = None,
) -> Answer:
    """Answer one authenticated request; never raises, and never answers later than the deadline allows.

    `started` (of `time.perf_counter`) is when its first byte came in; `trial` is the version a test walks.
    """
    started = time.perf_counter() if started is None else started
    work = _Work(database, gateway, contract, turn, is_test=is_test, trial=trial, started=started)
    try:
        answer = work.begin()
    except (BusyError, PoolTimeoutError, psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled):
        answer = work.last_word("busy", texts.BEING_CHECKED if work.has_reserved else texts.BUSY)
    except Exception as error:  # noqa: BLE001  # a gateway must get its END whatever happened here
        is_lost = work.is_committing and isinstance(error, (psycopg.OperationalError, OperationalError))
        is_unsure = is_lost or work.has_reserved
        _log.exception("ussd.turn_failed", gateway=gateway.key, is_unsure=is_unsure)
        answer = work.last_word("error", texts.BEING_CHECKED if is_unsure else texts.DEFECT)
        work.record_failure()
    elapsed_s = time.perf_counter() - started
    metrics.ussd_turn(gateway.key, answer.service, answer.outcome, elapsed_s, is_first=work.is_first)
    if elapsed_s > get_settings().ussd_deadline_ms / 1000:
        metrics.ussd_late(gateway.key)
    unserved.note(database, gateway, answer.outcome)
    live.ring("ussd")
    return answer


class _Work:
    """One request on its way through the transactions."""

    def __init__(
        self,
        database: Database,
        gateway: Gateway,
        contract: Contract,
        turn: GatewayTurn,
        *,
        is_test: bool,
        trial: UUID | None,
        started: float,
    ) -> None:
        self.database = database
        self.gateway = gateway
        self.contract = contract
        self.turn = turn
        self.is_test, self.trial = is_test, trial
        self.digests: Digests = receipts.digest(gateway, turn)
        self.deadline = time.monotonic() - (time.perf_counter() - started) + get_settings().ussd_deadline_ms / 1000
        self.started = started
        self.opened: Opened | None = None
        self.is_committing = False
        self.is_first = False
        self.has_reserved = False  # money of this turn is set aside, whatever becomes of its answer

    @property
    def is_answerable(self) -> bool:
        """Whether there is a number, or the account lets those without one look around."""
        return self.turn.phone is not None or self.gateway.has_anonymous_browse

    def begin(self) -> Answer:
        """Answer what needs no dialogue, and run what does."""
        if self.turn.is_stale:
            return Answer(WireAnswer("", b""), "stale", "", has_more=False)
        if self.turn.is_notice:
            return self._notice()
        if not self.gateway.rate.take():
            raise BusyError
        return self.run() if self.is_answerable else self.last_word("invalid", texts.NO_NUMBER)

    def _notice(self) -> Answer:
        """Note what the gateway tells; no screen runs."""
        session_id = None
        if self.turn.kind == "shown":
            self._confirm()
        elif self.turn.kind != "status":
            with self.database.transaction() as session:
                session_id = receipts.record_notice(session, self.gateway, self.turn)
        wire = self.contract.notice(self.turn)
        return Answer(wire, str(self.turn.kind), "", has_more=False, session_id=session_id, typed="")

    def _confirm(self) -> None:
        """Note that the phone showed what we pushed: a report on a message, never a turn."""
        if self.turn.phone is not None:
            with self.database.transaction() as session:
                flash.confirm(session, self.turn.phone, self.turn.raw.get("sess.number"))

    def run(self) -> Answer:
        """Open the turn, again while the session is busy, and see it through."""
        while True:
            answer = self._attempt()
            if answer is not None:
                return answer
            if time.monotonic() + BUSY_PAUSE_S > self.deadline - ANSWER_MARGIN_S:
                raise BusyError
            time.sleep(BUSY_PAUSE_S)

    def _attempt(self) -> Answer | None:
        running: Running | None = None
        self.is_committing = False
        with self.database.transaction() as session:
            opened = receipts.open_turn(
                session, self.gateway, self.contract, self.turn, self.digests, is_test=self.is_test
            )
            if self.trial is not None and opened.is_begin and opened.verdict == "go":
                opened = receipts.stand_on(session, opened, self.trial)
            self.opened = opened
            self.is_first = opened.is_begin
            if opened.verdict in {"again", "busy"}:
                return None
            if opened.verdict == "go" and PLATFORM in opened.switched:
                opened = self.opened = replace(opened, verdict=opened.switched[PLATFORM]["state"])
            if self.turn.is_code_typed and not opened.is_begin:
                self.digests = replace(self.digests, identity=None)
            if opened.verdict != "go":
                answer: Answer | None = self._refuse(session, opened)
            else:
                limits = self.gateway.limits_on(self.turn.network)
                running = Running(session, self.gateway, self.turn, opened, limits)
                answer = self._advance(session, opened, running)
            self.is_committing = True
        while answer is None and running is not None:
            answer = self._work_out(running)
        return answer

    def _advance(self, session: Session, opened: Opened, running: Running) -> Answer | None:
        """Go on until the reply (closed here) or a slow step (leased here, None)."""
        reply = running.advance(session)
        if reply is not None:
            return self._close(session, opened, running, reply)
        assert running.slow_step is not None  # noqa: S101  # no reply: it stopped at one
        pool_of(running.slow_step).check_room()
        running.prepare()
        lease_s = max(self.deadline - time.monotonic(), 0) + 1
        receipts.lease(session, opened, self.digests, lease_s)
        return None

    def _work_out(self, running: Running) -> Answer | None:
        opened = running.opened
        rest_s = self.deadline - time.monotonic() - ANSWER_MARGIN_S
        assert running.slow_step is not None  # noqa: S101  # the turn stopped there
        self.has_reserved = self.has_reserved or running.has_reserved
        running.worked = work_out(running.slow_step, min(SLOW_TIMEOUT_S, max(rest_s, 0.05)))
        self.is_committing = False
        with self.database.transaction() as session:
            switched = receipts.take_up(session, opened)
            if switched is None:
                raise BusyError
            running.switch(switched)
            answer = self._advance(session, opened, running)
            self.is_committing = True
        return answer

    def _close(self, session: Session, opened: Opened, running: Running, reply: Reply) -> Answer:
        dialogue = running.dialogue
        if self.contract.profile.refuses_secrets and reply.is_secret_next:
            code = receipts.phone_code(session, opened.service["id"])
            reply = leaving.instead_of_secret(reply, code, self._language(opened))
        wire = self._encode(reply.text, has_more=reply.has_more, reply=reply)
        typed = leaving.shown_input(self.turn, opened, len(reply.consumed), reply.redacted)
        if self.contract.is_cumulative:
            dialogue.scratch["typed"] = typed
        receipts.close_turn(
            session,
            opened,
            self.digests,
            self.turn.received_at,
            Closing(
                input_text=reply.redacted,
                response_text=reply.text,
                coding=reply.coding,
                size=reply.size,
                has_more=reply.has_more,
                wire=wire.body,
                refusal=reply.refusal,
                operation_id=reply.operation_id,
                is_error=False,
                elapsed_us=self._elapsed_us(),
                state="open" if reply.has_more else "ended",
                user_id=running.user_id,
                language=dialogue.language,
                screen=dialogue.screen,
                page=dialogue.page,
                visit=dialogue.visit,
                data=dialogue.data,
                scratch=dialogue.scratch if reply.has_more else {},
                refusals=dialogue.refusals,
                goal=reply.goal,
                has_committed=dialogue.has_committed,
                is_secret=any(reply.consumed),
                version_id=dialogue.version_id,
                moved_id=dialogue.moved_id,
                seen_id=dialogue.seen_id,
            ),
        )
        return self._answer(
            opened,
            wire,
            "invalid" if reply.refusal else "continue" if reply.has_more else "end",
            reply.text,
            has_more=reply.has_more,
            typed=typed,
        )

    def _language(self, opened: Opened) -> str:
        said = opened.session.get("language") or self.gateway.language_of(self.turn)
        return str(said or opened.service.get("default_language", ""))

    def _refuse(self, session: Session, opened: Opened) -> Answer:
        """Answer every verdict but go: replays from the receipt, the others with their sentence."""
        if opened.verdict == "replay":
            assert opened.wire is not None  # noqa: S101  # a receipt that is done has its octets
            again = leaving.stored_again(self.gateway, self.turn, opened)
            wire = self.contract.repeat(bytes(opened.wire), again)
            return self._answer(opened, wire, "replay", again.text, has_more=again.has_more)
        language = self._language(opened)
        text = self._sentence(opened, language)
        wire = self._encode(text, has_more=False)
        if opened.verdict in {"conflict", "closed", "expired"}:
            _log.warning("ussd.refused", verdict=opened.verdict, gateway=self.gateway.key)
        if opened.verdict in {"expired", "limit", "stopped", "maintenance"}:
            receipts.close_turn(
                session, opened, self.digests, self.turn.received_at, self._ending(opened, text, language, wire)
            )
        # Of a first request all that was typed is dots already; a later one may be a late secret.
        typed = leaving.shown_input(self.turn, opened) if opened.is_begin and opened.session else None
        return self._answer(opened, wire, opened.verdict, text, has_more=False, typed=typed)

    def _sentence(self, opened: Opened, language: str) -> str:
        switched = opened.switched.get(PLATFORM)
        own = switched["text"] if switched else opened.service.get("state_text") or {}
        said = own if opened.verdict in {"stopped", "maintenance"} else {}
        return texts.sentence({**texts.VERDICTS[opened.verdict], **said}, language)

    def _ending(self, opened: Opened, text: str, language: str, wire: WireAnswer) -> Closing:
        row = opened.session
        return Closing(
            input_text="•••••" if self.turn.message else "",
            response_text=text,
            coding="gsm7",
            size=gsm7.measure(text).size,
            has_more=False,
            wire=wire.body,
            refusal=opened.verdict,
            operation_id=None,
            is_error=False,
            elapsed_us=self._elapsed_us(),
            state="expired" if opened.verdict == "expired" else "ended",
            user_id=None,
            language=language,
            screen=row["screen"],
            page=row["page"],
            visit=row["visit"],
            data=row["data"],
            scratch={},
            refusals=row["refusals"],
            goal="",
            has_committed=row["has_committed"],
            is_secret=True,
            version_id=None,
            moved_id=None,
            seen_id=None,
        )

    def last_word(self, outcome: str, sentence: dict[str, str]) -> Answer:
        """Return the END that is always possible, without the database; who only told us something sees no screen."""
        language = self._language(self.opened) if self.opened else self.gateway.language_of(self.turn)
        text = texts.sentence(sentence, language)
        wire = self.contract.notice(self.turn) if self.turn.is_notice else self._encode(text, has_more=False)
        return self._answer(self.opened, wire, outcome, text, has_more=False)

    def record_failure(self) -> None:
        """Leave a trace of a turn that was rolled back, as far as the database allows; no receipt, so a retry runs."""
        if self.opened is None or not self.opened.session.get("id"):
            return
        try:
            with self.database.transaction() as session:
                receipts.record_failure(session, self.opened)
        except Exception:  # noqa: BLE001  # the answer must leave whatever the database does
            _log.warning("ussd.failure_unrecorded", gateway=self.gateway.key)

    def _encode(self, text: str, *, has_more: bool, reply: Reply | None = None) -> WireAnswer:
        return self.contract.encode(
            leaving.outgoing(self.gateway, self.turn, self.opened, text, reply, has_more=has_more)
        )

    def _elapsed_us(self) -> int:
        return int((time.perf_counter() - self.started) * 1_000_000)

    def _answer(  # what is named here is what an answer is
        self,
        opened: Opened | None,
        wire: WireAnswer,
        outcome: str,
        text: str,
        *,
        has_more: bool,
        typed: str | None = None,
    ) -> Answer:
        measured = gsm7.measure(text)
        return Answer(
            wire=wire,
            outcome=outcome,
            text=text,
            has_more=has_more,
            coding=measured.coding,
            size=measured.size,
            service=str(opened.service.get("key", "")) if opened else "",
            session_id=UUID(opened.session["id"]) if opened and opened.session.get("id") else None,
            turn_id=opened.turn_id if opened else None,
            typed=typed,
            turn_number=int(opened.session.get("turn_number") or 0) if opened else 0,
        )
