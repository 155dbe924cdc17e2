"""One turn of the conversation: a state and a message in, a state, a reply and events out. Nothing else is touched.

The order is that of the specification: command, pending question beside the conversation, open conversation, answer.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from services.ciu import words
from services.ciu.answers import Answer, AnswerRefusedError, read_answer
from services.ciu.conversation import (
    Aside,
    Ended,
    EndReason,
    Event,
    Issue,
    Message,
    Page,
    Rules,
    Run,
    State,
    Turn,
    Wish,
)
from services.ciu.folding import clean
from services.ciu.pages import page_of, pick
from services.ciu.texts import ERROR_PREFIX, Say, question_payloads, render

THANKS_WITHIN = timedelta(minutes=15)

_LATE_COMMANDS = frozenset({words.STOP, words.FORGET})  # a right is not lost because a message came late


def take_turn(rules: Rules, state: State, message: Message, now: datetime) -> Turn:
    """Take one turn. The same state, message and time always give the same turn."""
    return _Taking(rules, expire(state, now), message, now).take(state)


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


class _Taking:
    """A turn on its way."""

    def __init__(self, rules: Rules, state: State, message: Message, now: datetime) -> None:
        self.rules, self.message, self.now = rules, message, now
        self.state = replace(state, is_stopped=False)
        self.recipe = rules.begun if state.run and rules.begun else rules.published
        self.says: list[Say] = []
        self.events: list[Event] = []
        self.ended: Ended | None = None
        self.wish: Wish | None = None

    def take(self, before: State) -> Turn:
        """Hear the message and return what it changed."""
        if before.run is not None and self.state.run is None:
            self.events.append(Event(EndReason.EXPIRED))
            self.ended = Ended(before.run, EndReason.EXPIRED)
        language = self.language
        self._hear()
        self._slide()
        forgotten = self.wish is Wish.FORGET
        return Turn(
            state=self.state,
            says=tuple(self.says),
            recipe=self.recipe,
            language=language if forgotten else self.language,
            events=tuple(self.events),
            ended=self.ended,
            wish=self.wish,
        )

    @property
    def language(self) -> str:
        """The language of the reply."""
        if self.state.run:
            return self.state.run.language
        known = (self.state.language, self.ended.run.language if self.ended else "", self.state.untold)
        return next((one for one in known if one in self.recipe.languages), self.recipe.default_language)

    # What was heard

    def _hear(self) -> None:
        command = self._command()
        is_open = self.state.run is not None or self.state.aside is not None
        if self.message.is_late and is_open and command not in _LATE_COMMANDS:
            return
        if command and self._obey(command):
            return
        if self.message.is_media and is_open:
            self._say(Say("media"), self._page())
        elif self.state.aside:
            self._answer_aside(self.state.aside)
        elif self.state.run:
            self._answer(self.state.run)
        elif self._is_thanks():
            self._say(Say("thanks"))
        else:
            self._begin()

    def _command(self) -> str | None:
        run, text = self.state.run, self.message.payload or self.message.text
        is_question = run is not None and run.shown_page is Page.QUESTION and self.state.aside is None
        return words.find_command(text, self.recipe.questions[run.place].kind if run and is_question else "page")

    def _is_thanks(self) -> bool:
        issued_at = self.state.issued_at
        is_recent = issued_at is not None and self.now <= issued_at + THANKS_WITHIN
        return is_recent and words.is_thanks(self.message.text)

    # Commands

    def _obey(self, command: str) -> bool:
        """Do what was commanded; a language this recipe does not speak is no command."""
        match command:
            case words.RESTART:
                self._restart()
            case words.HELP:
                self._say(Say("help"), self._page())
            case words.BACK:
                self._back()
            case words.LANGUAGE:
                self._ask_aside(Aside.LANGUAGE)
            case words.STOP:
                self._stop()
            case words.FORGET:
                self._ask_aside(Aside.FORGET)
            case _:
                return self._set_language(command.removeprefix(words.LANGUAGE_PREFIX))
        return True

    def _restart(self) -> None:
        if self.state.run:
            self._end(self.state.run, EndReason.RESTARTED)
        self.state = replace(self.state, untold="")
        self._begin()

    def _back(self) -> None:
        run = self.state.run
        if self.state.aside:
            self._leave_aside()
        elif run is None:
            self._begin()
        elif run.page in {Page.QUESTION, Page.FIX} and run.answers:
            self._ask_again(run, max(run.place - 1, 0))
        else:
            self._say(self._page())

    def _stop(self) -> None:
        if self.state.run:
            self._end(self.state.run, EndReason.STOPPED)
        self.state = replace(self.state, aside=None, untold="", is_stopped=True)
        self._say(Say("stopped"))

    def _ask_aside(self, aside: Aside) -> None:
        self.state = replace(self.state, aside=aside)
        self._say(self._page())

    def _set_language(self, language: str) -> bool:
        run = self.state.run
        if language not in self.recipe.languages:
            return False
        if run and run.page is Page.LANGUAGE and not self.state.aside:
            self._choose_language(run, language)
            return True
        aside = self.state.aside if self.state.aside is Aside.FORGET else None
        self._speak(language)
        self.state = replace(self.state, aside=aside)
        self._say(Say("language_set"))
        self._go_on()
        return True

    # Questions beside the conversation

    def _answer_aside(self, aside: Aside) -> None:
        picked = self._picked()
        if aside is Aside.LANGUAGE and picked in self.recipe.languages:
            self._speak(picked)
            self.state = replace(self.state, aside=None)
            self._go_on()
        elif aside is Aside.FORGET and picked == "yes":
            if self.state.run:
                self._end(self.state.run, EndReason.FORGOTTEN)
            self.state, self.wish = State(), Wish.FORGET
            self._say(Say("forgotten"))
        elif aside is Aside.FORGET and picked == "no":
            self._leave_aside()
        else:
            self._say(Say(f"{ERROR_PREFIX}choice"), self._page())

    def _leave_aside(self) -> None:
        """Go back to where one was."""
        self.state = replace(self.state, aside=None)
        self._say(self._page() or Say("ok"))

    def _go_on(self) -> None:
        """Show the page where one was, or begin."""
        if page := self._page():
            self._say(page)
        else:
            self._begin()

    def _speak(self, language: str) -> None:
        run = self.state.run
        self.state = replace(self.state, language=language, run=run and replace(run, language=language))

    # The open conversation

    def _begin(self) -> None:
        """Open a conversation on the published recipe: what was written is greeting enough, never an answer."""
        before, recipe = self.language, self.rules.published
        self.recipe = recipe
        greeted = words.greeted_language(self.message.text, recipe.languages)
        has_chosen = self.state.language in recipe.languages
        asks_consent = recipe.consent == "explicit"
        page = Page.LANGUAGE if recipe.language_step else Page.CONSENT if asks_consent else Page.QUESTION
        run = Run(
            recipe_key=recipe.key,
            recipe_version=recipe.version,
            language=self.state.language if has_chosen else greeted or before,
            page=page,
            answers=(None,) * len(recipe.questions),
            started_at=self.now,
            expires_at=self.now + self.rules.timeout,
        )
        minutes = str(int(self.rules.timeout.total_seconds() // 60))
        if self.state.untold:
            self._say(Say("expired", {"minutes": minutes}))
        self.state = replace(self.state, run=run, untold="")
        self.events.append(Event("started"))
        if page is not Page.LANGUAGE:
            self._say(self._welcome())
        self._show()

    def _answer(self, run: Run) -> None:
        if run.shown_page is Page.QUESTION:
            self._answer_question(run)
            return
        picked = self._picked()
        match run.shown_page, picked:
            case Page.LANGUAGE, language if language in self.recipe.languages:
                self._choose_language(run, language)
            case Page.CONSENT, "yes":
                self._turn_to(replace(run, page=Page.QUESTION, consented_at=self.now))
            case Page.CONSENT, "no":
                self._stop()
            case Page.CONFIRM, "yes":
                self._confirm(run)
            case Page.CONFIRM, "no" if run.answers:
                self._turn_to(replace(run, page=Page.FIX))
            case Page.FIX, "0":
                self._turn_to(replace(run, page=Page.QUESTION))
            case Page.FIX, number if number.isdecimal() and int(number) <= len(run.answers):
                self._ask_again(run, int(number) - 1)
            case page, _:
                self._refuse(page, "choice")

    def _choose_language(self, run: Run, language: str) -> None:
        self._speak(language)
        self._say(self._welcome())
        page = Page.CONSENT if self.recipe.consent == "explicit" else Page.QUESTION
        self._turn_to(replace(run, language=language, page=page))

    def _answer_question(self, run: Run) -> None:
        question = self.recipe.questions[run.place]
        others = [answer for answer in run.answers if answer is not None]
        typed = clean(self.message.payload or self.message.text)
        if ":" in self.message.payload and self.message.payload not in question_payloads(question):
            self._refuse(question.id, "choice")  # a button of another page
            return
        try:
            canonical = read_answer(question, typed, self.now.year, others, self.recipe.max_unknown)
        except AnswerRefusedError as refused:
            self._refuse(question.id, refused.code)
            return
        self.events.append(Event("answered", question.id))
        answers = (*run.answers[: run.place], Answer(typed, canonical), *run.answers[run.place + 1 :])
        run = replace(run, answers=answers, consented_at=run.consented_at or self.now)
        if run.place < len(answers):
            self._say(Say("ok"))
            self._turn_to(run)
        elif self.recipe.has_confirmation:
            self._turn_to(run)
        else:
            self._wish_issue(run)

    def _confirm(self, run: Run) -> None:
        self.events.append(Event("confirmed"))
        self._wish_issue(replace(run, consented_at=run.consented_at or self.now))

    def _wish_issue(self, run: Run) -> None:
        self.state, self.wish = replace(self.state, run=run), Wish.ISSUE

    def _ask_again(self, run: Run, place: int) -> None:
        answers = (*run.answers[:place], None, *run.answers[place + 1 :])
        self._turn_to(replace(run, page=Page.QUESTION, answers=answers))

    def _turn_to(self, run: Run) -> None:
        self.state = replace(self.state, run=run)
        self._show()

    def _show(self) -> None:
        """Say the page of the open conversation; a question counts as asked."""
        run = self.state.run
        if run and run.shown_page is Page.QUESTION:
            self.events.append(Event("asked", self.recipe.questions[run.place].id))
        self._say(self._page())

    def _refuse(self, page: str, code: str) -> None:
        self.events.append(Event("refused", page, code))
        self._say(Say(f"{ERROR_PREFIX}{code}", {"now": str(self.now.year)}), self._page())

    def _end(self, run: Run, reason: EndReason) -> None:
        self.events.append(Event(reason))
        self.ended = Ended(run, reason)
        self.state = replace(self.state, run=None, aside=None)

    def _slide(self) -> None:
        """Let what is open wait anew, unless the message was passed over."""
        if not self.says and not self.wish:
            return
        until, run = self.now + self.rules.timeout, self.state.run
        self.state = replace(
            self.state,
            run=run and replace(run, expires_at=until),
            aside_until=until if self.state.aside else None,
        )

    # What is said

    def _say(self, *says: Say | None) -> None:
        self.says += filter(None, says)

    def _welcome(self) -> Say:
        return Say("welcome", {"n": str(len(self.recipe.questions))})

    def _page(self) -> Say | None:
        return page_of(self.recipe, self.language, self.state)

    def _picked(self) -> str:
        """Return which choice of the present page was tapped or written, nothing when it was none."""
        page = self._page()
        return pick(render(self.recipe, self.language, page), self.message) if page else ""
