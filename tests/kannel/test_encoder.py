"""Our measure of a screen against Kannel's octets: the same text, the same length, on any folded string."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from core import gsm7
from tests.kannel import alphabet
from tests.kannel.application import PlainHandler
from tests.kannel.conftest import Line
from tests.kannel.test_ussd import shown

CALLERS = 50
SEPTETS = 160
# Everything GSM-7 has, then what must be folded, then what nothing folds.
SIGNS = gsm7.ONE_SEPTET + gsm7.TWO_SEPTETS
WIDE = "êëâîïôûÿçÀÂÈÊËÎÏÔÙÛŸœŒ«»“”„‘’‚′ʼ´`–—−•…°ºª×÷⁄→ɛƐɔƆŋŊɓƁɗƊƴƳɲƝễ²ﬁ\u0301\u00a0\u202f\u200b😀ж中"


def screens(seed: int, count: int) -> list[str]:
    """Return random screens as the renderer lets them leave: folded, what fits nowhere left out, not over the limit."""
    chance = random.Random(seed)  # noqa: S311  # a seed
    made: list[str] = []
    while len(made) < count:
        signs = SIGNS if chance.random() < 0.5 else SIGNS + WIDE * 2
        text = gsm7.fit_variable("".join(chance.choices(signs, k=chance.randint(1, SEPTETS))))
        while gsm7.measure(text).size > SEPTETS:
            text = text[:-1].strip()
        if text:
            made.append(text)
    return made


@pytest.mark.parametrize("many", [400, pytest.param(10_000, marks=pytest.mark.slow)])
def test_kannel_sends_the_octets_we_count(line: Line, many: int) -> None:
    texts = screens(many, many)
    by_number = {f"+2376{n:08}": text for n, text in enumerate(texts)}
    line.place.app = PlainHandler(lambda asked: shown(asked, by_number[asked.query["from"]]))

    def octets(number: str) -> bytes:
        return line.ussd.phone(number.removeprefix("+")).dial("*155#").octets

    with ThreadPoolExecutor(CALLERS) as pool:
        sent = list(pool.map(octets, by_number))
    wrong = [
        (text, found)
        for text, found in zip(texts, sent, strict=True)
        if found != alphabet.encode(text) or len(found) != gsm7.measure(text).size
    ]
    assert wrong == []
    assert {mark for text in texts for mark in text} == set(SIGNS), "every sign of the alphabet was tried"
