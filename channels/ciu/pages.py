"""The page a person stands on: the text that asks, the payloads of its choices, and which of them was picked."""

from channels.ciu.conversation import Aside, Message, Page, Run, State
from services.ciu.folding import ascii_digits
from services.ciu.recipes import Recipe
from services.ciu.texts import Reply, Say, answer_lines, question_payloads
from services.ciu.words import fold_word, read_yes_no

_YES_NO = ("yes", "no")


def page_of(recipe: Recipe, language: str, state: State) -> Say | None:
    """Return what is asked now: the question beside the conversation first; None when nothing is."""
    if state.aside is Aside.FORGET:
        return Say("forget_ask", payloads=_payloads("forget", *_YES_NO))
    if state.aside is Aside.LANGUAGE:
        return _language_page(recipe)
    return _page_of_run(recipe, language, state.run) if state.run else None


def pick(page: Reply, message: Message) -> str:
    """Return the end of the payload that was tapped, or whose number, label or synonym was written; else nothing."""
    if ":" in message.payload:
        return _end(message.payload) if message.payload in {choice.payload for choice in page.choices} else ""
    word = fold_word(ascii_digits(message.payload or message.text))
    for choice in page.choices:
        if word in {choice.number, fold_word(choice.label)}:
            return _end(choice.payload)
    ends = {_end(choice.payload) for choice in page.choices}
    answer = read_yes_no(word)
    return _YES_NO[not answer] if answer is not None and ends <= set(_YES_NO) else ""


def _page_of_run(recipe: Recipe, language: str, run: Run) -> Say:
    match run.shown_page:
        case Page.LANGUAGE:
            return _language_page(recipe)
        case Page.CONSENT:
            return Say("consent_ask", payloads=_payloads("consent", *_YES_NO))
        case Page.CONFIRM:
            lines = answer_lines(recipe, language, run.answers, with_questions=False)
            return Say("confirm", {"lines": lines}, _payloads("confirm", *_YES_NO))
        case Page.FIX:
            lines = answer_lines(recipe, language, run.answers, with_questions=True)
            numbers = (*(str(number) for number in range(1, len(run.answers) + 1)), "0")
            return Say("fix_list", {"lines": lines}, _payloads("fix", *numbers))
    question = recipe.questions[run.place]
    return Say(question.id, {"i": str(run.place + 1), "n": str(len(run.answers))}, question_payloads(question))


def _language_page(recipe: Recipe) -> Say:
    return Say("language_ask", payloads=_payloads("language", *recipe.languages))


def _payloads(page: str, *ends: str) -> tuple[str, ...]:
    return tuple(f"{page}:{end}" for end in ends)


def _end(payload: str) -> str:
    return payload.partition(":")[2]
