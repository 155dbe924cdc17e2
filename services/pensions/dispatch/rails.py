"""A rail's account as workers see it: where its adapter stands, how it is run, what was proven, what it may carry."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from core.database import Session, fetch_all, fetch_one
from core.errors import NotFound
from models.transfers import AccountState, BreakerState
from providers.mojaloop.contract import AmountType, BeninForm, Identity, Mode, Party, RailAccount
from providers.mojaloop.gate import (
    DEFAULT_CONCURRENCY,
    DEFAULT_RATE_PER_S,
    MOST_CONCURRENCY,
    MOST_RATE_PER_S,
    READS_PER_S,
    WIDENS_EVERY_S,
)

ADAPTER = "mojaloop"
LEASE_GRACE_S, SENDING_GRACE_S = 20.0, 10.0

_VIEW = """
select a.id, a.code, a.base_url, a.environment, a.currency, a.settings, a.state, a.are_payouts_paused, a.breaker,
    coalesce(g.identity, '') as identity, coalesce(g.room, 1) as room
from provider_account a left join rail_gate g on g.account_id = a.id
where a.adapter = 'mojaloop' and
"""


@dataclass(frozen=True, slots=True)
class Rail:
    """One adapter and how it is run. `identity` is what a probe has proven of it; None: nothing is sent."""

    id: UUID
    code: str
    base_url: str
    environment: str
    currency: str
    mode: Mode
    path: str
    concurrency: int
    rate_per_s: float
    reads_per_s: float
    widens_every_s: float
    write_timeout_s: float
    read_timeout_s: float
    expiry_s: float
    probe_party: Party | None
    identity: Identity | None
    room: int
    is_active: bool
    is_breaker_closed: bool

    @property
    def is_proven(self) -> bool:
        """Whether what the probe saw is enough for the way this account is run."""
        return self.identity is Identity.OWN_ID or (self.identity is not None and self.mode == "two_step")

    @property
    def is_ready(self) -> bool:
        """Whether payments may leave by it."""
        return self.is_active and self.is_breaker_closed and self.is_proven

    @property
    def lease(self) -> timedelta:
        """Return how long a claimed payment is its worker's own."""
        return timedelta(seconds=2 * self.write_timeout_s + LEASE_GRACE_S)

    @property
    def last_departure(self) -> timedelta:
        """Return how long before the end of its lease a payment may leave at the latest."""
        return timedelta(seconds=self.write_timeout_s + SENDING_GRACE_S)

    def payer(self, record: Mapping[str, Any], base_url: str = "") -> RailAccount:
        """Return a payer account behind this adapter; `base_url` where a transfer was sent to another address."""
        return RailAccount(
            id=record["account_id"],
            code=record["account_code"],
            base_url=base_url or self.base_url,
            currency=record["currency"],
            party_id_type=record["party_id_type"],
            party_identifier=record["party_identifier"],
            display_name=record["display_name"],
            path=self.path,
            mode=self.mode,
            identity=self.identity,
            amount_type=cast("AmountType", record["amount_type"]),
            benin_form=cast("BeninForm", record["number_form"]),
            expiry_s=self.expiry_s,
            write_timeout_s=self.write_timeout_s,
            read_timeout_s=self.read_timeout_s,
            probe_party=self.probe_party,
        )

    @property
    def prober(self) -> RailAccount:
        """Return the account under which the adapter is probed; its payer is nobody in particular."""
        return self.payer(
            {
                "account_id": self.id,
                "account_code": self.code,
                "currency": self.currency or "XOF",
                "party_id_type": "BUSINESS",
                "party_identifier": "PROBE",
                "display_name": "",
                "amount_type": "RECEIVE",
                "number_form": "ten",
            }
        )


def find_rail(session: Session, account_id: UUID) -> Rail:
    """Return the rail of an account as it is now."""
    record = fetch_one(session, f"{_VIEW} a.id = %s", (account_id,))
    if record is None:
        raise NotFound(thing="provider_account")
    return _rail(record)


def list_rails(session: Session) -> list[Rail]:
    """Return every rail that is not retired, by code."""
    return [_rail(record) for record in fetch_all(session, f"{_VIEW} a.state <> 'retired' order by a.code")]


def _rail(record: Mapping[str, Any]) -> Rail:
    settings = record["settings"]
    mode = "two_step" if settings.get("mode") == "two_step" else "one_step"
    probe_id = str(settings.get("probe_id") or "")
    return Rail(
        id=record["id"],
        code=record["code"],
        base_url=record["base_url"],
        environment=record["environment"],
        currency=record["currency"],
        mode=cast("Mode", mode),
        path=str(settings.get("path") or ""),
        concurrency=int(_number(settings, "concurrency", DEFAULT_CONCURRENCY, 1, MOST_CONCURRENCY)),
        rate_per_s=_number(settings, "rate", DEFAULT_RATE_PER_S, 0.1, MOST_RATE_PER_S),
        reads_per_s=_number(settings, "reads_per_s", READS_PER_S, 0.1, MOST_RATE_PER_S),
        widens_every_s=_number(settings, "widens_every_s", WIDENS_EVERY_S, 0.01, 600.0),
        write_timeout_s=_number(settings, "read_timeout_s", 100.0, 1.0, 600.0),
        read_timeout_s=_number(settings, "inquiry_timeout_s", 35.0, 1.0, 600.0),
        expiry_s=_number(settings, "expiry_s", 60.0, 1.0, 3_600.0),
        probe_party=Party("MSISDN", f"+{probe_id.removeprefix('+')}") if probe_id else None,
        identity=Identity(record["identity"]) if record["identity"] else None,
        room=record["room"],
        is_active=record["state"] == AccountState.ACTIVE and not record["are_payouts_paused"],
        is_breaker_closed=record["breaker"] == BreakerState.CLOSED,
    )


def _number(settings: Mapping[str, Any], name: str, default: float, least: float, most: float) -> float:
    """Return a setting within its bounds; the default when it is no number."""
    try:
        return min(max(float(settings[name]), least), most)
    except (KeyError, TypeError, ValueError):
        return default
