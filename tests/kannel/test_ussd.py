"""USSD through the real Kannel: what the network says reaches us whole, and what we say reaches the phone whole."""

import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from core import gsm7
from tests.kannel.application import Asked, PlainHandler, Said
from tests.kannel.boxes import until
from tests.kannel.conftest import USSD_SECRET, Line
from tests.kannel.networks import ASK, END, Phone

SORRY = "Service indisponible. Reessayez."


def shown(asked: Asked, text: str, *, has_more: bool = True, is_ucs2: bool = False) -> Said:
    """Say a screen in the words of the gateway."""
    session, octet = (ord(one) for one in asked.query["sess"])
    op, last = (2, octet & 0xFE) if has_more else (17, octet | 1)
    meta = f"?smpp?ussd_service_op={op}&its_session_info=%{session:02X}%{last:02X}"
    return Said(text, {"X-Kannel-Meta-Data": meta} | ({"X-Kannel-Coding": "2"} if is_ucs2 else {}))


def echo(asked: Asked) -> Said:
    """Show a caller his own number and what he typed; 0 ends."""
    return shown(asked, f"{asked.query['from']} {asked.text}", has_more=asked.text != "0")


def test_a_dialogue_of_six_turns_with_its_two_parameters_both_ways(line: Line) -> None:
    line.place.app = handler = PlainHandler(echo)
    phone = line.ussd.phone("237699000001")
    first = phone.dial("*155#")
    screens = [first, *(phone.answer(text) for text in ("1", "é à ù", "5000", "48213", "0"))]

    assert [screen.op for screen in screens] == [ASK] * 5 + [END]
    assert [screen.text.partition(" ")[2] for screen in screens] == ["*155#", "1", "é à ù", "5000", "48213", "0"]
    assert {screen.session[:1] for screen in screens} == {first.session[:1]}
    assert [screen.session[1] for screen in screens] == [0, 2, 4, 6, 8, 11]
    assert {(screen.phone, screen.code) for screen in screens} == {("237699000001", "*155#")}

    assert [asked.query["op"] for asked in handler.asked] == ["\x01"] + ["\x12"] * 5
    assert {asked.path for asked in handler.asked} == {f"/g/kannel-ussd/{USSD_SECRET}"}
    assert {asked.query["to"] for asked in handler.asked} == {"*155#"}
    assert len({asked.query["id"] for asked in handler.asked}) == 6
    assert {asked.headers["authorization"] for asked in handler.asked} == {"Basic Z3c6YmFzaWMtcGFzc3dvcmQ="}


def test_one_who_gives_up_is_told_to_us_and_hears_nothing(line: Line) -> None:
    line.place.app = handler = PlainHandler(lambda asked: Said("") if ord(asked.query["sess"][1]) & 1 else echo(asked))
    phone = line.ussd.phone("237699000001")
    phone.dial("*155#")
    phone.answer("1")
    phone.hang_up()
    until(lambda: len(handler.asked) == 3, "l'abandon n'est pas arrivé")
    assert (handler.asked[-1].text, handler.asked[-1].query["sess"][1]) == ("", "\x05")
    assert phone.dial("*156#").text == "+237699000001 *156#", "the next screen is the next dialogue's"


def test_a_screen_outside_the_alphabet_travels_as_ucs2_and_so_does_an_answer(line: Line) -> None:
    text = "Où êtes-vous ?\n1. Marché\n2. Bɔlɔ 😀"
    line.place.app = handler = PlainHandler(lambda asked: shown(asked, text, is_ucs2=True))
    phone = line.ussd.phone("237699000001")
    screen = phone.dial("*155#")
    assert (screen.data_coding, screen.text) == (8, text)
    assert screen.octets == text.encode("utf-16-be")
    phone.answer("Nœud ɛ")
    assert handler.asked[-1].text == "Nœud ɛ"


@pytest.mark.parametrize("septets", [156, 160])
def test_a_full_screen_is_one_message(line: Line, septets: int) -> None:
    text = ("é€[à]" * 40)[: septets - septets * 3 // 8]
    text = text[: next(n for n in range(len(text), 0, -1) if gsm7.measure(text[:n]).size <= septets)]
    text += "z" * (septets - gsm7.measure(text).size)
    line.place.app = PlainHandler(lambda asked: shown(asked, text))
    phone = line.ussd.phone("237699000001")
    screen = phone.dial("*155#")
    assert (len(screen.octets), screen.text) == (septets, text)
    assert phone.answer("1").session[1] == 2, "nothing else was sent"


def test_a_screen_that_is_too_long_is_cut_never_sent_in_parts(line: Line) -> None:
    line.place.app = PlainHandler(lambda asked: shown(asked, "x" * 300))
    phone = line.ussd.phone("237699000001")
    assert len(phone.dial("*155#").octets) == 182
    assert phone.answer("1").session[1] == 2, "nothing else was sent"


def test_a_failure_of_ours_is_asked_once_and_shown_in_french(line: Line) -> None:
    line.place.app = handler = PlainHandler(lambda _: Said("Traceback", status=500))
    phone = line.ussd.phone("237699000001")
    assert phone.dial("*155#").text == SORRY
    assert len(handler.asked) == 1


def test_blanks_and_signs_of_an_answer_arrive_as_typed(line: Line) -> None:
    line.place.app = handler = PlainHandler(echo)
    phone = line.ussd.phone("237699000001")
    phone.dial("*155#")
    for text in ("Awa  N'Diaye", "1*2*3", "50%+10&x=1", "12#", "{[~€]}", "a\nb"):
        phone.answer(text)
        assert handler.asked[-1].text == text


def test_what_waited_for_the_smsbox_comes_late_and_says_so(line: Line) -> None:
    line.place.app = handler = PlainHandler(echo)
    line.boxes.stop_box("smsbox")
    try:
        phones = [line.ussd.phone(f"23769900010{n}") for n in range(4)]
        for phone in phones:
            phone.begin("*155#")
        before = time.time()
        assert not handler.asked
    finally:
        line.boxes.start_smsbox()
    for phone in phones:
        phone.wait()
    assert len(handler.asked) == len({asked.query["id"] for asked in handler.asked}) == 4
    assert all(int(asked.query["epoch"]) <= before for asked in handler.asked)


def test_no_pin_is_in_anything_kannel_writes(line: Line) -> None:
    chance = random.Random(155)  # noqa: S311  # a seed
    pins = {str(chance.randrange(10**5, 10**6)) for _ in range(30)}
    line.place.app = PlainHandler(lambda asked: Said("", status=500) if asked.text[-1] in "13579" else echo(asked))
    phone = line.ussd.phone("237699000001")
    phone.dial("*155#")
    for pin in pins:
        phone.answer(pin)
    line.place.app = None  # our end breaks while it is being asked
    for pin in sorted(pins)[:3]:
        phone.answer(pin)
    written = line.boxes.written()
    assert "+237699000001" in written, "the access log is there"
    assert [pin for pin in pins if pin in written] == []


def turns(phone: Phone, code: str, count: int) -> list[str]:
    return [phone.dial(code).text, *(phone.answer(f"{phone.number}-{n}").text for n in range(1, count))]


def test_forty_callers_at_once_see_only_their_own_screens(line: Line) -> None:
    line.place.app = PlainHandler(echo)
    phones = [line.ussd.phone(f"2376990{n:05}") for n in range(40)]
    with ThreadPoolExecutor(40) as pool:
        seen = list(pool.map(lambda phone: turns(phone, "*155#", 5), phones))
    for phone, screens in zip(phones, seen, strict=True):
        said = ["*155#", *(f"{phone.number}-{n}" for n in range(1, 5))]
        assert screens == [f"+{phone.number} {one}" for one in said]
