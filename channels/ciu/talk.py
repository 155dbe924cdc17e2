"""A turn on its way: what is known by now, what is said, what ended; the moves from which turns are made."""

from dataclasses import replace
from datetime import datetime

from channels.ciu.conversation import Ended, EndReason, Event, Message, Page, Rules, Run, State, Wish
from channels.ciu.pages import page_of, pick
from services.ciu import words
from services.ciu.texts import ERROR_PREFIX, Say, render


class Talk:
    """What a turn has changed so far. `kept` becomes the state, `says` the reply."""

    def __init__(self, rules: Rules, state: State, message: Message, now: datetime) -> None:
        self.rules, self.message, self.now = rules, message, now
        self.kept = replace(state, is_stopped=False)
        self.recipe = rules.begun if state.run and rules.begun else rules.published
        self.says: list[Say] = []
        self.events: list[Event] = []
        self.ended: Ended | None = None
        self.wish: Wish | None = None

    @property
    def language(self) -> str:
        """The language of the reply."""
        if self.kept.run:
            return self.kept.run.language
        known = (self.kept.language, self.ended.run.language if self.ended else "", self.kept.untold)
        return next((one for one in known if one in self.recipe.languages), self.recipe.default_language)

    # Beginnings

    def begin(self) -> None:
        """Open a conversation on the published recipe: what was written is greeting enough, never an answer."""
        self.recipe = recipe = self.rules.published
        greeted = words.greeted_language(self.message.text, recipe.languages)
        has_chosen = self.kept.language in recipe.languages
        run = Run(
            recipe_key=recipe.key,
            recipe_version=recipe.version,
            language=self.language if has_chosen or not greeted else greeted,
            page=Page.LANGUAGE if recipe.language_step else self._first_page(),
            answers=(None,) * len(recipe.questions),
            started_at=self.now,
            expires_at=self.now + self.rules.timeout,
        )
        if self.kept.untold:
            self.say(Say("expired", {"minutes": str(int(self.rules.timeout.total_seconds() // 60))}))
        self.events.append(Event("started"))
        if run.page is not Page.LANGUAGE:
            self.say(self._welcome())
        self.turn_to(run)
        self.kept = replace(self.kept, untold="")

    def choose_language(self, run: Run, language: str) -> None:
        """Go from the language step on: whoever chose is welcomed in his own."""
        self.speak(language)
        self.say(self._welcome())
        self.turn_to(replace(run, language=language, page=self._first_page()))

    def speak(self, language: str) -> None:
        """Go on in a language, and remember it."""
        run = self.kept.run
        self.kept = replace(self.kept, language=language, run=run and replace(run, language=language))

    # Steps

    def turn_to(self, run: Run) -> None:
        """Move the conversation and say its page; a question counts as asked."""
        self.kept = replace(self.kept, run=run)
        if run.shown_page is Page.QUESTION:
            self.events.append(Event("asked", self.recipe.questions[run.place].id))
        self.say(self.page())

    def ask_again(self, run: Run, place: int) -> None:
        """Erase an answer and ask for it."""
        answers = (*run.answers[:place], None, *run.answers[place + 1 :])
        self.turn_to(replace(run, page=Page.QUESTION, answers=answers))

    def go_on(self) -> None:
        """Show the page where one was, or begin."""
        if page := self.page():
            self.say(page)
        else:
            self.begin()

    def leave_aside(self) -> None:
        """Go back to where one was."""
        self.kept = replace(self.kept, aside=None)
        self.say(self.page() or Say("ok"))

    def wish_issue(self, run: Run) -> None:
        """Leave the code, and the reply, to the caller."""
        self.kept, self.wish = replace(self.kept, run=run), Wish.ISSUE

    def stop(self) -> None:
        """End at the person's word, and stay silent until the next one."""
        if self.kept.run:
            self.end(self.kept.run, EndReason.STOPPED)
        self.kept = replace(self.kept, aside=None, untold="", is_stopped=True)
        self.say(Say("stopped"))

    def end(self, run: Run, reason: EndReason) -> None:
        """Close the open conversation; its answers are gone."""
        self.events.append(Event(reason))
        self.ended = Ended(run, reason)
        self.kept = replace(self.kept, run=None, aside=None)

    def slide(self) -> None:
        """Let what is open wait anew, unless the message was passed over."""
        if not self.says and not self.wish:
            return
        until, run = self.now + self.rules.timeout, self.kept.run
        self.kept = replace(
            self.kept,
            run=run and replace(run, expires_at=until),
            aside_until=until if self.kept.aside else None,
        )

    # What is said

    def say(self, *says: Say | None) -> None:
        """Add to the reply."""
        self.says += filter(None, says)

    def page(self) -> Say | None:
        """Return what is asked now, None when nothing is."""
        return page_of(self.recipe, self.language, self.kept)

    def picked(self) -> str:
        """Return which choice of the present page was tapped or written, nothing when it was none."""
        page = self.page()
        return pick(render(self.recipe, self.language, page), self.message) if page else ""

    def refuse(self, page: str, code: str) -> None:
        """Say why an answer is none, and ask the same again."""
        self.events.append(Event("refused", page, code))
        self.say(Say(f"{ERROR_PREFIX}{code}", {"now": str(self.now.year)}), self.page())

    def _welcome(self) -> Say:
        return Say("welcome", {"n": str(len(self.recipe.questions))})

    def _first_page(self) -> Page:
        return Page.CONSENT if self.recipe.consent == "explicit" else Page.QUESTION
