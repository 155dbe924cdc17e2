"""One turn of the conversation: a state and a message in, a state, a reply and events out. Nothing else is touched.

The order is that of the specification: command, pending question beside the conversation, open conversation, answer.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from channels.ciu.conversation import (
    Aside,
    Ended,
    EndReason,
    Event,
    Message,
    Page,
    Rules,
    Run,
    State,
    Turn,
    Wish,
)
from channels.ciu.talk import Talk
from services.ciu import words
from services.ciu.answers import Answer, AnswerRefusedError, read_answer
from services.ciu.codes import Issue
from services.ciu.folding import clean
from services.ciu.texts import ERROR_PREFIX, Say, question_payloads

THANKS_WITHIN = timedelta(minutes=15)

_LATE_COMMANDS = frozenset({words.STOP, words.FORGET})  # a right is not lost because a message came late


def take_turn(rules: Rules, state: State, message: Message, now: datetime) -> Turn:
    """Take one turn. The same state, message and time always give the same turn."""
    return _Turn(rules, expire(state, now), message, now).take(state)


def settle_issue(turn: Turn, issue: Issue | None, now: datetime) -> Turn:
    """Return the turn once its wish for a code is answered; without an issue the person has tried too often."""
    run = turn.state.run
    if run is None or turn.wish is not Wish.ISSUE:
        raise ValueError("this turn does not wish for a code")
    if issue is None:
        return replace(turn, says=(Say("throttled"),), events=(*turn.events, Event("throttled")), wish=None)
    return replace(
        turn,
        state=replace(turn.state, run=None, issued_at=now),
        says=(Say("existing" if issue.is_linked else "issued", {"code": issue.code}),),
        events=(*turn.events, Event("issued_new" if issue.is_new else "issued_existing")),
        ended=Ended(run, EndReason.ISSUED),
        wish=None,
    )


def expire(state: State, now: datetime) -> State:
    """Return the state without what its time is over for; the person is told at the next message."""
    if state.aside_until is not None and now > state.aside_until:
        state = replace(state, aside=None, aside_until=None)
    if state.run is not None and now > state.run.expires_at:
        state = replace(state, run=None, untold=state.run.language)
    return state


class _Turn(Talk):
    """What one message does."""

    def take(self, before: State) -> Turn:
        """Hear the message and return what it changed."""
        if before.run is not None and self.kept.run is None:
            self.events.append(Event(EndReason.EXPIRED))
            self.ended = Ended(before.run, EndReason.EXPIRED)
        language = self.language
        self._hear()
        self.slide()
        forgotten = self.wish is Wish.FORGET
        return Turn(
            state=self.kept,
            says=tuple(self.says),
            recipe=self.recipe,
            language=language if forgotten else self.language,
            events=tuple(self.events),
            ended=self.ended,
            wish=self.wish,
        )

    def _hear(self) -> None:
        command = self._command()
        is_open = self.kept.run is not None or self.kept.aside is not None
        if self.message.is_late and is_open and command not in _LATE_COMMANDS:
            return
        if command and self._obey(command):
            return
        if self.message.is_media and is_open:
            self.say(Say("media"), self.page())
        elif self.kept.aside:
            self._answer_aside(self.kept.aside)
        elif self.kept.run:
            self._answer(self.kept.run)
        elif self._is_thanks():
            self.say(Say("thanks"))
        else:
            self.begin()

    def _command(self) -> str | None:
        run, text = self.kept.run, self.message.payload or self.message.text
        is_question = run is not None and run.shown_page is Page.QUESTION and self.kept.aside is None
        return words.find_command(text, self.recipe.questions[run.place].kind if run and is_question else "page")

    def _is_thanks(self) -> bool:
        issued_at = self.kept.issued_at
        is_recent = issued_at is not None and self.now <= issued_at + THANKS_WITHIN
        return is_recent and words.is_thanks(self.message.text)

    # Commands

    def _obey(self, command: str) -> bool:
        """Do what was commanded; a language this recipe does not speak is no command."""
        match command:
            case words.RESTART:
                self._restart()
            case words.HELP:
                self.say(Say("help"), self.page())
            case words.BACK:
                self._back()
            case words.LANGUAGE:
                self._ask_aside(Aside.LANGUAGE)
            case words.STOP:
                self.stop()
            case words.FORGET:
                self._ask_aside(Aside.FORGET)
            case _:
                return self._set_language(command.removeprefix(words.LANGUAGE_PREFIX))
        return True

    def _restart(self) -> None:
        if self.kept.run:
            self.end(self.kept.run, EndReason.RESTARTED)
        self.kept = replace(self.kept, aside=None, untold="")
        self.begin()

    def _back(self) -> None:
        run = self.kept.run
        if self.kept.aside:
            self.leave_aside()
        elif run is None:
            self.begin()
        elif run.page in {Page.QUESTION, Page.FIX} and run.answers:
            self.ask_again(run, max(run.place - 1, 0))
        else:
            self.say(self.page())

    def _ask_aside(self, aside: Aside) -> None:
        self.kept = replace(self.kept, aside=aside)
        self.say(self.page())

    def _set_language(self, language: str) -> bool:
        run = self.kept.run
        if language not in self.recipe.languages:
            return False
        if run and run.page is Page.LANGUAGE and not self.kept.aside:
            self.choose_language(run, language)
            return True
        aside = self.kept.aside if self.kept.aside is Aside.FORGET else None
        self.speak(language)
        self.kept = replace(self.kept, aside=aside)
        self.say(Say("language_set"))
        self.go_on()
        return True

    # Answers

    def _answer_aside(self, aside: Aside) -> None:
        picked = self.picked()
        if aside is Aside.LANGUAGE and picked in self.recipe.languages:
            self.speak(picked)
            self.kept = replace(self.kept, aside=None)
            self.go_on()
        elif aside is Aside.FORGET and picked == "yes":
            if self.kept.run:
                self.end(self.kept.run, EndReason.FORGOTTEN)
            self.kept, self.wish = State(), Wish.FORGET
            self.say(Say("forgotten"))
        elif aside is Aside.FORGET and picked == "no":
            self.leave_aside()
        else:
            self.say(Say(f"{ERROR_PREFIX}choice"), self.page())

    def _answer(self, run: Run) -> None:
        if run.shown_page is Page.QUESTION:
            self._answer_question(run)
            return
        picked = self.picked()
        match run.shown_page, picked:
            case Page.LANGUAGE, language if language in self.recipe.languages:
                self.choose_language(run, language)
            case Page.CONSENT, "yes":
                self.turn_to(replace(run, page=Page.QUESTION, consented_at=self.now))
            case Page.CONSENT, "no":
                self.stop()
            case Page.CONFIRM, "yes":
                self._confirm(run)
            case Page.CONFIRM, "no" if run.answers:
                self.turn_to(replace(run, page=Page.FIX))
            case Page.FIX, "0":
                self.turn_to(replace(run, page=Page.QUESTION))
            case Page.FIX, number if number.isdecimal() and int(number) <= len(run.answers):
                self.ask_again(run, int(number) - 1)
            case page, _:
                self.refuse(page, "choice")

    def _answer_question(self, run: Run) -> None:
        question, payload = self.recipe.questions[run.place], self.message.payload
        if ":" in payload and payload not in question_payloads(question):
            self.refuse(question.id, "choice")  # a button of another page
            return
        others = [answer for answer in run.answers if answer is not None]
        text = payload or self.message.text
        try:
            canonical = read_answer(question, text, self.now.year, others, self.recipe.max_unknown)
        except AnswerRefusedError as refused:
            self.refuse(question.id, refused.code)
            return
        self.events.append(Event("answered", question.id))
        typed = canonical if ":" in payload else clean(text)
        answers = (*run.answers[: run.place], Answer(typed, canonical), *run.answers[run.place + 1 :])
        self._go_to_next(replace(run, answers=answers, consented_at=run.consented_at or self.now))

    def _go_to_next(self, run: Run) -> None:
        if run.place == len(run.answers) and not self.recipe.has_confirmation:
            self.wish_issue(run)
            return
        if run.place < len(run.answers):
            self.say(Say("ok"))
        self.turn_to(run)

    def _confirm(self, run: Run) -> None:
        self.events.append(Event("confirmed"))
        self.wish_issue(replace(run, consented_at=run.consented_at or self.now))
