"""One suite for every adapter beside its fake: each story, each way, and what the adapter must say of it.

Nothing raises, nothing is executed twice, nothing that is not known is called failed, and nothing secret is kept.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from providers.answers import Accepted, Hint, NotSeen, Reason, Refusal, Rejected, Seen, SeenState, Unknown
from providers.fakes import make_all
from providers.fakes.behaviour import CODES
from providers.registry import ADAPTERS
from tests.providers.conftest import Fakes
from tests.providers.contract.play import WAYS, Play, Way

YEAR_S = 365 * 86_400
SETTLED_S = 10
DIFFERENT_SLOWNESS = 3
LOST = ("002", "003", "021", "027")
PAID = ("000", "004", "005", "006", "007", "017", "019", "020", "023", "024", "025")
REASONS = {
    "014": {Reason.INSUFFICIENT_FUNDS, Reason.OUR_WALLET_EMPTY, Reason.UNSPECIFIED},
    "015": {Reason.PAYER_NOT_FOUND, Reason.PAYEE_NOT_FOUND, Reason.ACCOUNT_BLOCKED, Reason.UNSPECIFIED},
    "016": {Reason.NOT_APPROVED, Reason.PAYEE_NOT_ALLOWED, Reason.UNSPECIFIED},
}
READ_IN_THE_LIST = ("wave", "refund")  # it has no status of its own: no limit of reads, nothing it leaves out
CANNOT_SHOW = {fake.name: fake.cannot_show for fake in make_all()}
NEEDS_ITS_LINK = {("orange_webpay", ""), ("orange_sonatel", "qr")}


def cases(*codes: str, only: Callable[[Way], bool] = lambda _way: True) -> pytest.MarkDecorator:
    """Give every way of every adapter with each of `codes` that its wire format has words for."""
    pairs = [(way, code) for way in WAYS if only(way) for code in codes if can_show(way, code)]
    return pytest.mark.parametrize(("way", "code"), pairs, ids=[f"{way}-{code}" for way, code in pairs])


def can_show(way: Way, code: str) -> bool:
    """Say whether a wire format has words for a story."""
    is_read_in_the_list = (way.adapter, way.direction) == READ_IN_THE_LIST
    return code not in CANNOT_SHOW[way.adapter] and not (is_read_in_the_list and code in {"020", "024"})


@pytest.fixture
def play(fakes: Fakes, way: Way, code: str) -> Iterator[Play]:
    """Give one transfer; whatever the test did, nothing secret was kept of it."""
    played = Play(fakes, way, code)
    yield played
    assert_nothing_leaks(played)


def assert_nothing_leaks(play: Play) -> None:
    assert play.text
    secrets = {**play.account.secrets, "otp": play.order.otp}
    assert [name for name, value in secrets.items() if value and value in play.text] == []
    if play.order.party is not None:
        assert play.order.party.national not in play.text


def read_until_answered(play: Play) -> Seen | NotSeen | Unknown:
    """Ask again while the provider asks for rest."""
    answer = play.read()
    for _ in range(DIFFERENT_SLOWNESS):
        if not (isinstance(answer, Unknown) and answer.slows):
            break
        answer = play.read()
    return answer


def test_every_adapter_and_everything_it_offers_is_played() -> None:
    played = {(way.adapter, way.direction) for way in WAYS}
    offered = {
        (name, direction)
        for name, adapter in ADAPTERS.items()
        for direction in ("collect", "payout", "refund")
        if direction in adapter.offers
    }
    assert offered - played <= {("mixx", "refund"), ("moov", "refund")}  # the same class as pawaPay's
    assert played <= offered


@cases(*PAID)
def test_what_is_paid_is_seen_paid_once(play: Play, code: str) -> None:
    answer = play.send()
    assert isinstance(answer, Accepted), answer
    play.fakes.advance(SETTLED_S)
    seen = read_until_answered(play)
    assert isinstance(seen, Seen), seen
    assert (seen.state, seen.is_word_known) == (SeenState.SUCCEEDED, True)
    assert seen.amount in {None, play.order.amount}
    assert seen.party is None or play.order.party is None or seen.party.e164 == play.order.party.e164
    movements = [one for one in play.moved() if one.kind == play.way.direction]
    assert [(one.amount_minor, one.currency) for one in movements] == [
        (play.order.amount.minor, play.order.amount.currency)
    ]
    assert len(play.moved()) == (2 if code == "023" else 1)
    again = play.read()
    assert isinstance(again, Seen)
    assert again.state is SeenState.SUCCEEDED


@cases("020")
def test_asked_to_rest_it_says_so(play: Play) -> None:
    assert isinstance(play.send(), Accepted)
    play.fakes.advance(SETTLED_S)
    first = play.read()
    assert isinstance(first, Unknown)
    assert first.slows
    assert first.is_sent


@cases("001", "011")
def test_a_lost_request_is_unknown_and_moves_nothing(play: Play) -> None:
    answer = play.send()
    assert isinstance(answer, Unknown), answer
    assert answer.is_sent
    play.fakes.advance(SETTLED_S)
    read = play.read()
    assert isinstance(read, NotSeen | Unknown) or read.state is SeenState.PENDING, read
    assert play.moved() == []


@cases(*LOST)
def test_a_lost_answer_is_unknown_then_seen_and_executed_once(play: Play) -> None:
    answer = play.send()
    assert isinstance(answer, Unknown), answer
    assert answer.is_sent
    play.fakes.advance(SETTLED_S)
    read = play.read()
    if (play.way.adapter, play.way.name) in NEEDS_ITS_LINK:
        assert not isinstance(read, Seen) or read.state is SeenState.PENDING, read
        assert play.moved() == []
        return
    assert isinstance(read, Seen), read
    assert read.state is SeenState.SUCCEEDED
    assert len(play.moved()) == 1


@cases("008", "009", "010")
def test_what_is_seen_is_what_moved_not_what_was_asked(play: Play, code: str) -> None:
    play.send()
    play.fakes.advance(SETTLED_S)
    seen = play.read()
    assert isinstance(seen, Seen), seen
    (movement,) = play.moved()
    if code == "008":
        assert seen.amount is not None
        assert seen.amount.minor == movement.amount_minor == play.order.amount.minor - 100
    elif code == "009":
        told = seen.amount.currency if seen.amount else seen.currency_text
        assert told == movement.currency != play.order.amount.currency
    elif play.order.party is not None and play.way.direction != "refund":
        assert seen.party is not None
        assert seen.party.e164 != play.order.party.e164


@cases("012")
def test_pending_stays_pending(play: Play) -> None:
    play.send()
    for seconds in (SETTLED_S, YEAR_S):
        play.fakes.advance(seconds)
        read = play.read()
        assert not isinstance(read, Seen) or read.state in {SeenState.PENDING, SeenState.EXPIRED}, read
    assert play.moved() == []


@cases("013", only=lambda way: way.direction == "payout")
def test_a_payout_that_comes_back_is_reversed(play: Play) -> None:
    play.send()
    play.fakes.advance(SETTLED_S)
    seen = play.read()
    assert isinstance(seen, Seen)
    assert seen.state is SeenState.SUCCEEDED
    play.fakes.advance(4_000)
    seen = play.read()
    assert isinstance(seen, Seen)
    assert seen.state is SeenState.REVERSED
    assert [one.kind for one in play.moved()] == ["payout", "reversal"]


@cases("014", "015", "016", "018")
def test_a_failure_is_certain_and_has_its_reason(play: Play, code: str) -> None:
    answer = play.send()
    play.fakes.advance(SETTLED_S)
    if isinstance(answer, Rejected):
        reason: Reason | None = answer.reason
    else:
        assert isinstance(answer, Accepted), answer
        seen = play.read()
        assert isinstance(seen, Seen), seen
        assert seen.state in {SeenState.FAILED, SeenState.CANCELLED}
        reason = seen.reason
    if code in REASONS:
        assert reason is None or reason in REASONS[code]
    assert play.moved() == []


@cases("022")
def test_late_money_is_seen_late(play: Play) -> None:
    answer = play.send()
    play.fakes.advance(SETTLED_S)
    assert play.moved() == []
    if isinstance(answer, Accepted):
        first = play.read()
        assert isinstance(first, Seen)
        assert first.state in {SeenState.FAILED, SeenState.CANCELLED}
    play.fakes.advance(60)
    assert len(play.moved()) == 1
    late = play.read()
    assert isinstance(late, Seen), late
    assert late.state is SeenState.SUCCEEDED


@cases("026")
def test_refused_for_ever_is_our_configuration(play: Play) -> None:
    answer = play.send()
    assert isinstance(answer, Rejected), answer
    assert answer.reason is Reason.CONFIGURATION
    play.fakes.advance(SETTLED_S)
    assert play.moved() == []


@cases("000", "023", "024")
def test_the_list_shows_what_moved(play: Play, code: str) -> None:
    play.send()
    play.fakes.advance(SETTLED_S)
    play.read()
    lines = play.list_lines()
    if lines is None:
        assert "list" not in play.adapter.offers
        return
    kind = play.way.direction
    own = [line for line in lines if {line.external_id, line.provider_ref} & _own_ids(play)]
    mine = [line for line in own if line.kind == kind and line.amount == play.order.amount]
    strangers = [line for line in lines if line not in own]
    assert len({line.line_key for line in lines}) == len(lines)
    match code:
        case "000":
            assert len(mine) == 1
            assert strangers == []
        case "023":
            assert len(strangers) == 1
        case "024":
            assert mine == []


def _own_ids(play: Play) -> set[str]:
    orders = [order for order in (play.order, play.original) if order is not None]
    return {text for order in orders for text in (str(order.external_id), order.reference, order.provider_ref) if text}


@cases("000")
def test_a_callback_is_a_hint_and_a_forged_one_is_no_more(play: Play) -> None:
    play.send()
    play.fakes.advance(SETTLED_S)
    hint = play.hear(SeenState.SUCCEEDED)
    if hint is None:
        return
    assert isinstance(hint, Hint), hint
    assert hint.kind == "transfer"
    assert hint.dedupe_key
    assert hint.references
    assert play.hear(SeenState.SUCCEEDED) == hint or hint.authenticity == "signed"
    forged = play.hear(SeenState.SUCCEEDED, is_forged=True)
    if hint.authenticity in {"signed", "secret"}:
        assert isinstance(forged, Refusal), forged
        assert forged.http_status == 401
    else:
        assert isinstance(forged, Hint | Refusal)


@cases("000")
def test_an_account_without_its_secret_or_with_another_never_raises(play: Play) -> None:
    secrets = {
        name: ("0" * len(value) if value.isdigit() else "00000000-0000-4000-8000-000000000000")
        for name, value in play.account.secrets.items()
    }
    play.order = replace(play.order, account=replace(play.account, secrets=secrets))
    answer = play.send()
    assert isinstance(answer, Rejected | Unknown), answer
    assert play.moved() == []


@cases("000")
def test_nobody_listening_means_that_nothing_was_sent(play: Play) -> None:
    play.order = replace(play.order, account=replace(play.account, base_url="http://127.0.0.1:9/nobody"))
    answer = play.send()
    assert isinstance(answer, Unknown), answer
    assert not answer.is_sent
    assert play.moved() == []


@cases(*CODES)
def test_no_story_raises_or_executes_twice(play: Play) -> None:
    play.send()
    for seconds in (0, SETTLED_S, 60, 1_000, 4_000, YEAR_S):
        play.fakes.advance(seconds)
        assert isinstance(play.read(), Seen | NotSeen | Unknown)
    executed = [one for one in play.moved() if one.kind == play.way.direction]
    assert len(executed) <= 1
