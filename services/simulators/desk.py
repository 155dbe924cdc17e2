"""What a person tells the fakes to do. Each act is in the trail; none of them runs inside a transaction."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar
from uuid import UUID

from pydantic import Field

from core.database import Session, fetch_all, keep
from core.errors import NotFound, Refusal, Unavailable
from core.orders import Order
from core.permissions import Actor, Permission
from core.settings import get_settings
from providers.fakes import client
from providers.fakes.place import address
from services import audit

Way = Literal["duplicate", "late", "forged", "reordered"]
Did = TypeVar("Did")

LATE_AFTER_S = 600
DUPLICATES = 5
LONGEST_MOVE_S = 7 * 86_400

_WAYS: dict[Way, dict[str, Any]] = {
    "duplicate": {"times": DUPLICATES},
    "late": {"after_s": LATE_AFTER_S},
    "forged": {"tamper": True, "says": "succeeded"},
    "reordered": {"says": "pending"},
}


class NoFakes(Refusal):
    """There is no account on trial, or the fakes do not run here."""

    code = "simulateurs_eteints"
    status = 409
    sentence = "Aucun compte d'essai n'est en service ici."


class OnlyTrialPeople(Refusal):
    """Outside development and test the people of an installation are real ones."""

    code = "simulation_fermee"
    status = 403
    sentence = "Les personnes de cette installation sont réelles : on n'essaie rien sur elles."


class NothingToPress(Refusal):
    """The payer has answered already, or nobody asked him anything."""

    code = "rien_a_presser"
    status = 409
    sentence = "Ce téléphone n'attend plus de réponse."


class PlayScenario(Order):
    """The next `count` orders of a provider go as the code says (`providers.fakes.behaviour`); none: as usual again."""

    adapter: str
    code: str
    count: int = Field(default=1, ge=0, le=100)


class RestartFakes(Order):
    """Everything forgotten, chance begun anew: the same seed gives the same ends. `is_mixed`: 6 in 100 go wrong."""

    seed: str = Field(max_length=40)
    is_mixed: bool = True


class MoveClock(Order):
    """Let time pass for the fakes alone; what falls due happens at once."""

    seconds: int = Field(ge=1, le=LONGEST_MOVE_S)


class FireCallback(Order):
    """A callback about one payment: five times, in ten minutes, badly signed, or an older state after the last."""

    reference: str
    way: Way


class PressPhone(Order):
    """What the payer does with the question on his phone."""

    reference: str
    is_paid: bool


@dataclass(frozen=True, slots=True)
class FakeAccount:
    """One account on trial that moves money."""

    id: UUID
    label: str
    adapter: str
    country: str
    currency: str
    state: str


@dataclass(frozen=True, slots=True)
class Desk:
    """What the simulators of this installation have: accounts, and whether the fakes are to run at all."""

    accounts: tuple[FakeAccount, ...]
    is_running: bool


def play_scenario(session: Session, actor: Actor, order: PlayScenario) -> None:
    """Choose what becomes of a provider's next orders."""
    _tell(session, actor, "scenario", adapter=order.adapter, code=order.code, count=order.count)


def restart(session: Session, actor: Actor, order: RestartFakes) -> None:
    """Empty the fakes' book and begin chance anew."""
    _tell(session, actor, "reset", seed=order.seed, **({} if order.is_mixed else {"mix": {}}))


def move_clock(session: Session, actor: Actor, order: MoveClock) -> int:
    """Move the fakes' clock; return how many things fell due and were done."""
    return int(_tell(session, actor, "clock", advance_s=order.seconds)["done"])


def fire_callback(session: Session, actor: Actor, order: FireCallback) -> list[int | None]:
    """Send a callback now; return what our own door answered to each, nothing yet for a late one."""
    done = _tell(session, actor, "callback", reference=order.reference, **_WAYS[order.way])
    return [sent["status"] for sent in done["sent"]]


def press_phone(session: Session, actor: Actor, order: PressPhone) -> None:
    """Answer on the payer's phone; its provider tells us."""
    choice = "pay" if order.is_paid else "refuse"
    try:
        _tell(session, actor, "press", reference=order.reference, choice=choice)
    except NotFound as refusal:
        raise NothingToPress from refusal


def _tell(session: Session, actor: Actor, path: Any, **body: Any) -> dict[str, Any]:
    done = asked(session, actor, lambda root: client.order(root, path, **body))
    audit.record(session, actor, f"simulator.{path}", "simulator", str(body.get("reference", "")), changes=body)
    return done


def require_trial_people(actor: Actor) -> None:
    """Refuse who may not simulate, and everybody where wallets and phones belong to real people."""
    actor.require(Permission.PAYMENTS_SIMULATE)
    if not get_settings().is_forgiving:
        raise OnlyTrialPeople


def asked(session: Session, actor: Actor, call: Callable[[str], Did]) -> Did:
    """Ask the fakes something outside any transaction; refuse who may not, and where there are none."""
    actor.require(Permission.PAYMENTS_SIMULATE)
    root = address(get_settings())
    if not root or not _accounts(session):
        raise NoFakes
    keep(session)
    try:
        return call(root)
    except client.UnknownThingError as error:
        raise NotFound(thing="simulator") from error
    except client.AsleepError as error:
        raise Unavailable from error


# Reads


def get_desk(session: Session, actor: Actor) -> Desk:
    """Return the accounts on trial that are in service."""
    actor.require(Permission.PAYMENTS_SIMULATE)
    return Desk(tuple(_accounts(session)), bool(address(get_settings())))


def _accounts(session: Session) -> list[FakeAccount]:
    rows = fetch_all(
        session,
        """
        select id, label, adapter, country, currency, state from provider_account
        where environment = 'fake' and state = 'active' and offers ?| array['collect', 'payout']
        order by label, country
        """,
    )
    return [FakeAccount(**row) for row in rows]
