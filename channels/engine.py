"""One turn of any flow: answers in, one screen out (`docs/ussd.md`, 7.1, steps 6 and 7).

`run` is a generator, pure but for the actions it calls. It yields a `SlowStep` where work must be done without locks,
receives that step's `Outcome`, and returns the `Reply`. The dialogue is changed in place; whoever drives the generator
commits it, or forgets it.
"""

from collections import deque
from collections.abc import Generator, Mapping, Sequence
from typing import Any
from uuid import UUID

from channels import texts
from channels.actions import ActionContext, Outcome, ResumePoint, SlowStep
from channels.dialogue import DOTS, Dialogue, FlowDefectError, Reply, digest_slot, is_slot
from channels.flow import Confirm, End, Flow, Info, Input, Menu, Option, Rows, Screen
from channels.inputs import LONGEST_ANSWER, UnreadableAnswerError, read, tidy
from channels.screens import Paper
from channels.values import Caller
from channels.walk import Steps, Walk
from core.gsm7 import Navigation, Page, Pages
from core.money import Money

__all__ = ["Caller", "Dialogue", "FlowDefectError", "Reply", "SlowStep", "first_message", "run"]

RESUME, RESULT = "_resume", "_result"  # screens of the engine: no flow can name one
TAKE_UP, BEGIN = "_take_up", "_begin"
PROVED = "_proved"
LONGEST_ROW = 4  # digits of a row's number

_OWN: dict[str, Menu] = {
    RESUME: Menu(
        kind="menu",
        text=texts.RESUME,
        options=(Option(key="1", label=texts.YES, to=TAKE_UP), Option(key="2", label=texts.NO, to=BEGIN)),
    ),
    RESULT: Menu(kind="menu", text={}, options=(Option(key="1", label=texts.CONTINUE, to=BEGIN),)),
}


def run(
    flow: Flow, dialogue: Dialogue, caller: Caller, answers: Sequence[str], context: ActionContext
) -> Generator[SlowStep, Outcome, Reply]:
    """Take one turn. On a dialogue that begins, `answers` is what was dialled behind the code, most often nothing."""
    return (yield from _Turn(flow, dialogue, caller, context).take(answers, is_typed=False))


def first_message(
    flow: Flow, dialogue: Dialogue, caller: Caller, text: str, context: ActionContext
) -> Generator[SlowStep, Outcome, Reply]:
    """Begin a dialogue whose contract does not say so: `text` counts only if it is a key of the first screen."""
    return (yield from _Turn(flow, dialogue, caller, context).take([text] if text else [], is_typed=True))


class _Turn(Walk):
    """One turn on its way."""

    def __init__(self, flow: Flow, dialogue: Dialogue, caller: Caller, context: ActionContext) -> None:
        super().__init__(flow, dialogue, caller, context)
        settings = context.settings
        self.nav = Navigation(**settings["nav"]) if "nav" in settings else flow.navigation
        self.most_refusals = settings.get("invalid_max", flow.settings.invalid_max)
        self.error = self.refusal = ""
        self.consumed: list[bool] = []
        self.seen_answers: list[str] = []

    def take(self, answers: Sequence[str], *, is_typed: bool) -> Generator[SlowStep, Outcome, Reply]:
        """Feed the answers one by one until one screen must be shown."""
        queue = deque(answers)
        is_begin = self._screen() is None
        if is_begin:
            was_lost = self.dialogue.screen != ""
            yield from self._begin(has_answers=bool(queue))
            is_choice = bool(queue) and self._is_choice(tidy(queue[0]))
            if was_lost or self.dialogue.screen == RESULT or (is_typed and not is_choice):
                queue.clear()
        while queue and not self._stops(is_dialled=is_begin):
            yield from self._feed(tidy(queue.popleft()))
        if self.proved is not None and isinstance(screen := self._screen(), Input) and screen.slot is not None:
            # A new secret is chosen next: it must not be the old one, which is remembered as a digest only.
            slots = self.dialogue.scratch.setdefault("slots", {})
            slots[PROVED] = digest_slot(self.dialogue.session_id, PROVED, self.proved)
        return self._reply()

    def _screen(self) -> Screen | None:
        """Return the present screen; None when none was shown yet, or the one that was is not in this flow any more."""
        name = self.dialogue.screen
        return _OWN.get(name) or self.flow.screens.get(name)

    def _stops(self, *, is_dialled: bool) -> bool:
        """Say whether the queue ends here: what is left of it is dropped unread."""
        if self.final is not None or self.refusal:
            return True
        screen = self._screen()
        if isinstance(screen, End):
            return self._is_over()
        is_guarded = isinstance(screen, Confirm) or (isinstance(screen, Input) and screen.is_secret)
        return is_dialled and is_guarded

    def _is_choice(self, answer: str) -> bool:
        screen = self._screen()
        if isinstance(screen, Rows):
            return self._row_of(answer) is not None
        return isinstance(screen, Menu | Info) and any(option.key == answer for option in self._paper().shown(screen))

    def _feed(self, answer: str) -> Steps:
        screen = self._screen()
        is_secret = isinstance(screen, Input) and screen.is_secret
        self.consumed.append(is_secret)
        is_shown = self.flow.settings.keeps_answers and not is_secret
        self.seen_answers.append(answer[:LONGEST_ANSWER] if is_shown else DOTS)
        match screen:
            case Menu() | Info():
                yield from self._choose(screen, answer)
            case Rows():
                yield from self._choose_row(screen, answer)
            case Input():
                yield from self._answer(screen, answer)
            case Confirm():
                yield from self._confirm(screen, answer)
            case _:
                if not (yield from self._navigate(answer)):
                    self._refuse("invalid", texts.INVALID_CHOICE)

    def _choose(self, screen: Menu | Info, answer: str) -> Steps:
        for option in self._paper().shown(screen):
            if option.key == answer:
                self._set(option.set)
                yield from self._go(option.to)
                return
        if not (yield from self._navigate(answer)):
            self._refuse("invalid", texts.INVALID_CHOICE)

    def _choose_row(self, screen: Rows, answer: str) -> Steps:
        row = self._row_of(answer)
        if row is not None:
            self.values.row = row
            self._set(screen.set)
            yield from self._go(screen.to)
        elif not (yield from self._navigate(answer)):
            self._refuse("invalid", texts.INVALID_CHOICE)

    def _row_of(self, answer: str) -> Mapping[str, Any] | None:
        rows: list[dict[str, Any]] = self.dialogue.scratch.get("rows", [])
        is_number = answer.isdecimal() and len(answer) <= LONGEST_ROW and answer[0] != "0" and int(answer) <= len(rows)
        return rows[int(answer) - 1] if is_number else None

    def _confirm(self, screen: Confirm, answer: str) -> Steps:
        if self.caller.status == "anonymous":
            self.final = texts.NO_NUMBER
        elif answer == "1":
            self.dialogue.scratch["confirmed"] = self.dialogue.scratch.pop("shown")
            yield from self._go(screen.to)
        elif answer == "0":
            yield from self._go(screen.cancel)
        else:
            self._refuse("invalid", texts.INVALID_CHOICE)

    def _answer(self, screen: Input, answer: str) -> Steps:
        if (screen.back or screen.home) and (yield from self._navigate(answer)):
            return
        if self.caller.status == "anonymous":
            self.final = texts.NO_NUMBER
            return
        try:
            value = read(screen, answer, self.context.service_currency, self.caller.country)
        except UnreadableAnswerError:
            self._refuse("invalid", screen.errors.get("invalid", texts.INVALID_ANSWER))
            return
        if screen.is_secret:
            yield from self._answer_secret(screen, value)
            return
        assert screen.var is not None  # noqa: S101  # the document was parsed
        before = self.dialogue.data.get(screen.var)
        self.dialogue.data[screen.var] = value
        target = yield from self._check(screen, None)
        if target is not None:
            yield from self._go(target)
        elif before is None:
            self.dialogue.data.pop(screen.var, None)
        else:
            self.dialogue.data[screen.var] = before

    def _check(self, screen: Input, secret: str | None) -> Generator[SlowStep, Outcome, str | None]:
        """Run the check and return where to go; None when the answer was refused, or the turn is over."""
        if screen.check is None:
            return screen.to
        ways = {*screen.errors, *screen.outcomes, "ok"}
        outcome = yield from self.perform(screen.check, screen.inputs, ways, secret)
        if outcome is None:
            return None
        if outcome.name in screen.errors:
            is_counted = not self.action(screen.check).proves_secret
            self._refuse(outcome.name, screen.errors[outcome.name], outcome.values, is_counted=is_counted)
            return None
        if outcome.name == "ok":
            return screen.outcomes.get("ok", screen.to)
        return self.target(screen.outcomes, outcome.name)

    def _answer_secret(self, screen: Input, secret: str) -> Steps:
        """Hand a secret to its check, or compare it with its slot, and forget it."""
        slots: dict[str, str] = self.dialogue.scratch.setdefault("slots", {})
        session_id = self.dialogue.session_id
        if screen.same_as is not None:
            if not is_slot(slots.pop(screen.same_as, None), session_id, screen.same_as, secret):
                yield from self._differ(screen)
                return
            self.secret = secret
        self.context.is_same_secret = is_slot(slots.get(PROVED), session_id, PROVED, secret)
        target = yield from self._check(screen, secret)
        if target is None:
            return
        if screen.slot is not None:
            slots[screen.slot] = digest_slot(session_id, screen.slot, secret)
        yield from self._go(target)

    def _differ(self, screen: Input) -> Steps:
        """Go back to the first of two secrets, and say there that they differ."""
        assert screen.differs is not None  # noqa: S101  # the document was parsed
        yield from self._go(screen.differs)
        first = self._screen()
        line = first.errors.get("differs") if isinstance(first, Input) else None
        self.refusal = "differs"
        self.error = self._line(line or texts.INVALID_ANSWER)

    def _navigate(self, answer: str) -> Generator[SlowStep, Outcome, bool]:
        """Follow next, back or home, where the page shows them."""
        if answer not in self._paper().moves:
            return False
        dialogue, screen, page = self.dialogue, self._screen(), self._page()
        if answer == self.nav.next and page.has_next:
            dialogue.page += 1
        elif answer == self.nav.back and page.has_back:
            if dialogue.page == 1:
                yield from self._go(getattr(screen, "back", None) or self.root.entry)
            else:
                dialogue.page -= 1
        elif answer == self.nav.home and page.has_home:
            self.leave_calls()
            yield from self._go(self.root.entry)
        else:
            return False
        dialogue.refusals = 0
        return True

    def _refuse(
        self,
        name: str,
        line: Mapping[str, str],
        extra: Mapping[str, Any] | None = None,
        *,
        is_counted: bool = True,
    ) -> None:
        """Ask the same again under an error line; too many in a row end the session."""
        self.refusal, self.error = name, self._line(line, extra)
        if is_counted:
            self.dialogue.refusals += 1
            if self.dialogue.refusals >= self.most_refusals:
                self.final = texts.TOO_MANY_ERRORS

    def _set(self, values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            self.dialogue.data[name] = self.values.resolve(value)

    def _go(self, target: str) -> Steps:
        """Leave an answered screen; the engine's own ones lead to the entry or to the resume point."""
        if target == TAKE_UP:
            yield from self._take_up()
        elif target == BEGIN:
            self.dialogue.scratch.pop("offer", None)
            self.dialogue.scratch.pop("unseen", None)
            yield from self.enter(self.root.entry)
        else:
            yield from self.enter(target)

    # The beginning

    def _begin(self, *, has_answers: bool) -> Steps:
        """Show first what must come before the entry: a result nobody saw, or the offer to go on."""
        dialogue = self.dialogue
        dialogue.language = self.caller.language or dialogue.language or self.root.default_language
        mode = self.context.settings.get("resume", self.root.settings.resume)
        if self._tell_unseen():
            return
        if has_answers or mode == "start" or not self._offer():
            yield from self.enter(self.root.entry)
        elif mode == "continue":
            yield from self._take_up()
        else:
            self.show(RESUME, _OWN[RESUME])

    def _tell_unseen(self) -> bool:
        unseen = self.context.unseen
        if unseen is None or self.caller.status != "active" or self.caller.must_prove or not self.root.has_money:
            return False
        self.dialogue.seen_id = unseen.operation_id
        self.dialogue.scratch["unseen"] = {
            "type": unseen.type,
            "amount": Money(unseen.amount, self.context.service_currency).on_phone(),
            "name": unseen.payee_name,
            "reference": unseen.reference,
        }
        self.show(RESULT, _OWN[RESULT])
        return True

    def _offer(self) -> bool:
        """Find the resume point of the older dialogue, if this caller may take it up."""
        resume = self.context.resume
        if resume is None or self.caller.must_prove or self.caller.status not in {"active", "unknown"}:
            return False
        point = resume.scratch.get("point")
        flow = self._flow_of(resume)
        if not point or flow is None or (not point["calls"] and point["screen"] not in flow.screens):
            return False
        self.dialogue.scratch["offer"] = {
            **point,
            "session_id": str(resume.session_id),
            "version_id": str(resume.version_id),
        }
        return True

    def _flow_of(self, resume: ResumePoint) -> Flow | None:
        if resume.version_id == self.dialogue.version_id:
            return self.root
        return self.context.load_version(resume.version_id) if self.context.load_version else None

    def _take_up(self) -> Steps:
        """Stand where the older dialogue stood, with the variables and the version it had."""
        dialogue = self.dialogue
        offer = dialogue.scratch.pop("offer")
        version_id = UUID(offer["version_id"])
        if version_id != dialogue.version_id and self.context.load_version is not None:
            dialogue.version_id = version_id
            self.root = self.context.load_version(version_id)
        dialogue.moved_id = UUID(offer["session_id"])
        dialogue.data.clear()
        dialogue.data.update(offer["data"])
        dialogue.scratch["calls"] = offer["calls"]
        self._follow_calls()
        yield from self.enter(offer["screen"])

    # The answer

    def _paper(self) -> Paper:
        language = self.flow.language_for(self.dialogue.language)
        return Paper(self.flow, self.values, self.context.limits, self.nav, language)

    def _lay_out(self) -> Pages:
        if self.pages is None:
            screen, paper, scratch = self._screen(), self._paper(), self.dialogue.scratch
            assert screen is not None  # noqa: S101  # something was entered before
            if self.dialogue.screen == RESULT:
                self.pages = paper.lay_out_result(scratch["unseen"], _OWN[RESULT])
            else:
                self.pages = paper.lay_out(screen, scratch.get("rows", ()))
        return self.pages

    def _page(self) -> Page:
        """Return the page shown."""
        pages = self._lay_out().pages
        return pages[min(self.dialogue.page, len(pages)) - 1]

    def _is_over(self) -> bool:
        """Say whether the last page of an end is shown."""
        is_end = isinstance(self._screen(), End)
        return self.final is not None or (is_end and self.dialogue.page >= len(self._lay_out().pages))

    def _line(self, text: Mapping[str, str], extra: Mapping[str, Any] | None = None) -> str:
        return self.values.say(self.flow.source(text, self.flow.language_for(self.dialogue.language)), extra)

    def _reply(self) -> Reply:
        screen, paper = self._screen(), self._paper()
        rows = self.dialogue.scratch.get("rows", ())
        if self.final is not None:
            text, coding, size = paper.last_word(self.final)
        else:
            text, coding, size = paper.fit(self._lay_out(), self.dialogue.page, self.error)
        return Reply(
            text=text,
            coding=coding,
            size=size,
            has_more=not self._is_over(),
            screen=self.dialogue.screen,
            refusal=self.refusal,
            goal=self.goal,
            operation_id=self.operation_id,
            is_secret_next=self.final is None and isinstance(screen, Input) and screen.is_secret,
            consumed=tuple(self.consumed),
            redacted="*".join(self.seen_answers),
            keys=paper.keys(screen, self._page(), rows) if self.final is None else (),
            waits_for_text=self.final is None and isinstance(screen, Input),
        )
