"""One callback from its arrival to its answer: who speaks, of which transfer, and what that makes us do."""

from collections.abc import Sequence
from dataclasses import replace

from core.addresses import is_inside
from core.database import Database, Session
from core.security import is_same
from core.settings import get_settings, parse_networks
from models.inbox import Authenticity
from providers import registry
from providers.answers import Account, Hint, Refusal
from services import provider_accounts
from services.inbound.doors import (
    BAD_REQUEST,
    DOORS,
    NOBODY_HERE,
    NOT_AUTHENTIC,
    PROVED,
    REFUSALS,
    TOO_MANY,
    Arrival,
    Reply,
)
from services.inbound.finding import Target, by_references, by_token
from services.inbound.keeping import keep_refused, store
from services.inbound.rate import Buckets

UNSIGNED_PER_S = 60
# Handles that a callback proves itself with: given and different is a lie.
PROOF_HANDLES = ("notif_token",)

unsigned = Buckets(rate_per_s=UNSIGNED_PER_S, burst=UNSIGNED_PER_S)
_BEST_FIRST = [str(authenticity) for authenticity in Authenticity]


def receive(database: Database, arrival: Arrival) -> Reply:
    """Verify, store and answer one callback; the read it asks for is planned in the transaction that stores it.

    No provider is called, unless a signature names a public key that nobody has fetched yet: outside any transaction.
    """
    with database.transaction() as session:
        owner = by_token(session, arrival)
        accounts = provider_accounts.views_of(session, DOORS[arrival.door])
    answers = _ask_adapters(arrival, owner, accounts)
    hints = [(name, answer) for name, answer in answers.items() if isinstance(answer, Hint)]
    if not any(hint.authenticity in PROVED for _, hint in hints) and not unsigned.take(arrival.address):
        return REFUSALS[TOO_MANY]
    refused = {name: answer.http_status for name, answer in answers.items() if isinstance(answer, Refusal)}
    with database.transaction() as session:
        chosen = _choose(session, owner, hints, refused)
        if not isinstance(chosen, Refusal):
            return store(session, arrival, *chosen)
        if chosen.http_status == NOT_AUTHENTIC:
            keep_refused(session, arrival)
        return REFUSALS[chosen.http_status]


def _ask_adapters(arrival: Arrival, owner: Target | None, accounts: Sequence[Account]) -> dict[str, Hint | Refusal]:
    """Ask every adapter of a door that has an active account; a token of ours in the address names the only one."""
    answers: dict[str, Hint | Refusal] = {}
    for name in (owner.adapter,) if owner else DOORS[arrival.door]:
        own = [account for account in accounts if account.adapter == name]
        trusted = [account for account in own if _is_from_its_addresses(account, arrival.address)]
        if not own:
            answers[name] = Refusal(NOBODY_HERE)
        elif not trusted or (arrival.call.token and owner is None):
            answers[name] = Refusal(NOT_AUTHENTIC)  # not from there, or with a token that nobody was ever given
        else:
            answers[name] = registry.adapter(name).verify_callback(arrival.call, trusted)
    return answers


def _choose(
    session: Session, owner: Target | None, hints: Sequence[tuple[str, Hint]], refused: dict[str, int]
) -> tuple[Hint, Target | None] | Refusal:
    """Return the hint that is proved best, with its transfer; what a transfer's own adapter refuses is refused."""
    if not hints:
        worst_first = (NOT_AUTHENTIC, BAD_REQUEST, NOBODY_HERE)
        return Refusal(next(status for status in worst_first if status in refused.values()))
    hints = sorted(hints, key=lambda pair: _BEST_FIRST.index(pair[1].authenticity))
    for name, hint in hints:
        target = owner or by_references(session, name, hint.references)
        if target is not None:
            return _compared(hint, target, is_by_token=owner is not None)
    for name, status in refused.items():
        if any(by_references(session, name, hint.references) for _, hint in hints):
            return Refusal(status)
    best = hints[0][1]
    return (best if best.authenticity in PROVED else replace(best, authenticity="none")), None


def _compared(hint: Hint, target: Target, *, is_by_token: bool) -> tuple[Hint, Target] | Refusal:
    """Say how far a hint is proved for its transfer; a proof that is another's is a lie."""
    if hint.authenticity in PROVED:
        is_own = hint.account_id is None or hint.account_id == target.account_id
        return (hint, target) if is_own else Refusal(NOT_AUTHENTIC)
    has_token = is_by_token
    for name in PROOF_HANDLES:
        given, stored = hint.references.get(name), target.handles.get(name)
        # A callback may be here before the answer that carries the handle: then its address is its only proof.
        if given and stored:
            if not is_same(given, str(stored)):
                return Refusal(NOT_AUTHENTIC)
            has_token = True
    return replace(hint, authenticity="token" if has_token else "none"), target


def _is_from_its_addresses(account: Account, address: str) -> bool:
    """Say whether a callback may come from here: a second filter, where the provider publishes its addresses.

    Read only behind declared proxies: elsewhere the peer may be a proxy that nobody declared.
    """
    published = account.settings.get("callback_addresses")
    if not published or not get_settings().trusted_proxies:
        return True
    return is_inside(address, parse_networks(str(published)))
