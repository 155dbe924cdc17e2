"""Access tokens kept between calls, by (address, account, product): asked once, renewed before they end."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core import clock
from providers.answers import Account, Rejected, Unknown
from providers.wire import Answered, Silence, Wire

UNAUTHORISED = 401
MARGIN = timedelta(seconds=60)
SHORT_LIFE_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Token:
    """What a token call gave: good for `expires_in_s` from when it was asked for."""

    value: str = field(repr=False)
    expires_in_s: float


Fetch = Callable[[], Token | Rejected | Unknown]


@dataclass(slots=True)
class _Kept:
    value: str
    asked_at: datetime
    good_until: datetime
    fingerprint: int


class TokenCache:
    """The tokens of this process; several threads that want the same one ask for it once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[tuple[str, str, str], threading.Lock] = {}
        self._kept: dict[tuple[str, str, str], _Kept] = {}

    def get(self, wire: Wire, account: Account, product: str, fetch: Fetch) -> str | Rejected | Unknown:
        """Return a token that is good now, asking for one by `fetch` if need be; it never stands in what `wire` keeps.

        A token got with other secrets than the account's present ones is not used.
        """
        key = _key(account, product)
        fingerprint = hash(tuple(sorted(account.secrets.items())))
        with self._lock:
            turn = self._locks.setdefault(key, threading.Lock())
        with turn:
            kept = self._kept.get(key)
            asked_at = clock.now()
            if kept is None or kept.fingerprint != fingerprint or not kept.asked_at <= asked_at < kept.good_until:
                answer = fetch()
                if not isinstance(answer, Token):
                    return answer
                kept = _Kept(answer.value, asked_at, asked_at + _lifetime(answer.expires_in_s), fingerprint)
                self._kept[key] = kept
        wire.hide(kept.value)
        return kept.value

    def use(
        self,
        wire: Wire,
        account: Account,
        product: str,
        fetch: Fetch,
        call: Callable[[str], Answered | Silence],
    ) -> Answered | Silence | Rejected | Unknown:
        """Make a call with a token; answered 401, make it once more, the same, with a new one."""
        value = self.get(wire, account, product, fetch)
        if not isinstance(value, str):
            return value
        answer = call(value)
        if isinstance(answer, Silence) or answer.status != UNAUTHORISED:
            return answer
        self.drop(account, product, value)
        renewed = self.get(wire, account, product, fetch)
        return call(renewed) if isinstance(renewed, str) else renewed

    def drop(self, account: Account, product: str, value: str = "") -> None:
        """Forget a token the provider refused; if `value` is given, only when it is still that one."""
        key = _key(account, product)
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None and value in {"", kept.value}:
                del self._kept[key]

    def age_s(self, account: Account, product: str) -> float | None:
        """Return how old the token in use is, for the health page; None when there is none."""
        kept = self._kept.get(_key(account, product))
        return None if kept is None else (clock.now() - kept.asked_at).total_seconds()

    def clear(self) -> None:
        """Forget every token."""
        with self._lock:
            self._kept.clear()


def _key(account: Account, product: str) -> tuple[str, str, str]:
    return account.base_url, str(account.id), product


def _lifetime(expires_in_s: float) -> timedelta:
    """Return how long a token is used: to 60 s before its end, or 80 % of a life too short for that."""
    life = timedelta(seconds=max(expires_in_s, 0))
    return max(life - MARGIN, life * SHORT_LIFE_SHARE)


tokens = TokenCache()
