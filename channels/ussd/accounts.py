"""Accounts and profiles judged by what this version speaks: a copied profile is live only once its fixtures pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field
from sqlmodel import select

from channels.ussd import gateways
from channels.ussd.profiles import BUILT_IN
from channels.ussd.profiles.contract import Contract
from channels.ussd.profiles.decoding import Place
from channels.ussd.profiles.fixtures import check, describe, request_of
from channels.ussd.profiles.model import Profile
from channels.ussd.profiles.transports import CARRIERS
from channels.ussd.trials import read_profile
from core.database import Session
from core.errors import FieldRefusal, InvalidInput, NotFound, Refusal
from core.i18n import t
from core.orders import Order
from core.permissions import Actor, Permission
from models.ussd import SwitchState, UssdGateway, UssdProfile, WireRecord
from services import audit
from services import gateways as verbs
from services.gateways import AddressShown, GatewayRow, OpenGateway

FEWEST_FIXTURES = 4
MOST_FIXTURES = 200
TEST_DIGITS = "000001"
_WRITTEN = frozenset({"copy", "edit"})


class StillServing(Refusal):
    """An account changes its way of speaking only while nobody depends on it."""

    code = "passerelle_en_service"
    status = 409
    sentence = "Suspendez d'abord cette passerelle : ses appels changeraient de langage."


class ProfileNotFound(NotFound):
    """No such profile, or one that is shipped and never changes."""

    code = "profil_introuvable"
    sentence = "Ce profil est introuvable."


class FixturesWanted(Refusal):
    """A copied profile must prove itself before callers depend on it."""

    code = "essais_insuffisants"
    status = 409
    sentence = "Ce profil n'est pas prouvé : {passed} essais réussis sur {wanted} au moins, {failed} en échec."


class FixturesBroken(FieldRefusal):
    """What was proved stays true: an edit that a fixture contradicts is not saved."""

    code = "essais_contredits"
    status = 409
    sentence = "Ces essais ne passeraient plus : {titles}. Corrigez le texte, ou retirez-les s'ils ne disent plus vrai."
    field = "body"


class ProofStillNeeded(Refusal):
    """A profile that serves keeps its four proofs."""

    code = "essai_necessaire"
    status = 409
    sentence = "Une passerelle en service parle ce profil : gardez au moins {wanted} essais réussis."


class CopyProfile(Order):
    """A copy of a profile under a name of its own."""

    source: str
    name: str = Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")


class EditProfile(Order):
    """A copied profile's new document; `version` is the one that was read."""

    name: str
    version: int
    body: dict[str, Any]


class ChooseProfile(Order):
    """Another profile for a paused account."""

    gateway_id: UUID
    profile: str


class DropFixture(Order):
    """Forget one fixture of a copied profile; `place` counts from 0, `title` is what was read there."""

    name: str
    place: int
    title: str


class KeepFixture(Order):
    """Turn a recorded exchange into a fixture of the account's own profile."""

    record_id: UUID
    title: str = Field(min_length=2, max_length=120)


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """A profile as pages show it; a shipped one is read-only."""

    name: str
    title: str
    is_shipped: bool
    version: int
    body: dict[str, Any]
    fixtures: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class ProfileVersion:
    """A text a copied profile had: when, by whom."""

    version: int
    at: datetime
    by: str
    body: dict[str, Any]


def open_account(session: Session, actor: Actor, order: OpenGateway) -> AddressShown:
    """Open an account of a profile there is; it begins paused."""
    actor.require(Permission.USSD_GATEWAYS)
    get_profile(session, actor, order.profile)
    shown = verbs.open_gateway(session, actor, order)
    gateways.forget()
    return shown


def resume_account(session: Session, actor: Actor, gateway_id: UUID) -> GatewayRow:
    """Let an account serve; refused while a copied profile has fewer than four passing fixtures, or a failing one."""
    actor.require(Permission.USSD_GATEWAYS)
    profile = get_profile(session, actor, verbs.get_gateway(session, actor, gateway_id).profile)
    if not profile.is_shipped:
        failed = sum(bool(differences) for differences in judge(profile))
        passed = len(profile.fixtures) - failed
        if failed or passed < FEWEST_FIXTURES:
            raise FixturesWanted(passed=passed, wanted=FEWEST_FIXTURES, failed=failed)
    return verbs.resume_gateway(session, actor, gateway_id)


def choose_profile(session: Session, actor: Actor, order: ChooseProfile) -> GatewayRow:
    """Let a paused account speak another profile."""
    row = verbs.locked(session, actor, order.gateway_id)
    if row.state == SwitchState.LIVE:
        raise StillServing
    before, row.profile = row.profile, get_profile(session, actor, order.profile).name
    kept = verbs.keep(session, actor, row, "profile", {"before": before, "after": row.profile})
    gateways.forget()
    return kept


def copy_profile(session: Session, actor: Actor, order: CopyProfile) -> ProfileRow:
    """Copy a profile under a name nobody has."""
    actor.require(Permission.USSD_GATEWAYS)
    source = get_profile(session, actor, order.source)
    if order.name in BUILT_IN or session.exec(select(UssdProfile).where(UssdProfile.name == order.name)).first():
        raise InvalidInput({"name": t("ce nom est pris")})
    row = UssdProfile(name=order.name, body={**source.body, "profile": order.name}, created_by=actor.user_id)
    return _keep(session, actor, row, "copy")


def edit_profile(session: Session, actor: Actor, order: EditProfile) -> ProfileRow:
    """Save a copied profile; what is no profile, or contradicts a fixture, is refused and says why."""
    row = _own(session, actor, order.name)
    if row.version != order.version:
        raise InvalidInput({"version": t("ce profil a changé depuis : rechargez-le")})
    body = read_profile({**order.body, "profile": order.name}).model_dump(mode="json")
    broken = [str(one["title"]) for one, differences in _judged(body, row.fixtures) if differences]
    if broken:
        raise FixturesBroken(titles=" · ".join(broken))
    row.body, row.version = body, row.version + 1
    kept = _keep(session, actor, row, "edit")
    gateways.forget()
    return kept


def keep_fixture(session: Session, actor: Actor, order: KeepFixture) -> ProfileRow:
    """Make a fixture of a recorded exchange: the number is replaced, secrets were never there."""
    actor.require(Permission.USSD_GATEWAYS)
    record = session.get(WireRecord, order.record_id)
    account = session.get(UssdGateway, record.gateway_id) if record else None
    if record is None or account is None or "fields" not in record.exchange:
        raise NotFound(thing="wire_record")
    row = _own(session, actor, account.profile)
    contract = Contract(Profile.model_validate(row.body))
    place = Place(account.country, verbs.get_gateway(session, actor, account.id).codes)
    fixture = _fixture(contract, account.key, place, record.exchange, record.created_at, order.title)
    row.fixtures = [*row.fixtures, fixture][-MOST_FIXTURES:]
    return _keep(session, actor, row, "fixture")


def drop_fixture(session: Session, actor: Actor, order: DropFixture) -> ProfileRow:
    """Forget a fixture that says no longer what the gateway sends."""
    row = _own(session, actor, order.name)
    if not 0 <= order.place < len(row.fixtures) or row.fixtures[order.place]["title"] != order.title:
        raise InvalidInput({"version": t("ce profil a changé depuis : rechargez-le")})
    left = [*row.fixtures[: order.place], *row.fixtures[order.place + 1 :]]
    passed = sum(not differences for _, differences in _judged(row.body, left))
    if passed < FEWEST_FIXTURES and _serves(session, order.name):
        raise ProofStillNeeded(wanted=FEWEST_FIXTURES)
    row.fixtures = left
    return _keep(session, actor, row, "drop_fixture")


def judge(profile: ProfileRow) -> list[list[str]]:
    """Return of each fixture how what is made of it differs; an empty list is a fixture that passes."""
    return [differences for _, differences in _judged(profile.body, profile.fixtures)]


def _judged(body: dict[str, Any], fixtures: Sequence[dict[str, Any]]) -> list[tuple[dict[str, Any], list[str]]]:
    contract = Contract(Profile.model_validate(body))
    return [(one, check(contract, one, datetime.fromisoformat(one["now"]))) for one in fixtures]


def _serves(session: Session, profile: str) -> bool:
    serving = select(UssdGateway.id).where(UssdGateway.profile == profile, UssdGateway.state == SwitchState.LIVE)
    return session.exec(serving).first() is not None


def _fixture(
    contract: Contract, key: str, place: Place, exchange: Mapping[str, Any], now: datetime, title: str
) -> dict[str, Any]:
    """Write the exchange in the form of the vectors, its expectations as the profile reads it today."""
    phone = str(exchange["turn"].get("msisdn", ""))
    shown = {name: _anonymous(value, phone) for name, value in exchange["fields"].items()}
    path = "/".join(
        str(shown.pop(f"path.{name[1:-1]}", "")) if name[0] == "{" else name for name in contract.profile.path_names
    )
    told = CARRIERS[contract.profile.transport].write(shown)
    below = f"/{path}" if path.strip("/") else ""
    prior = _prior(exchange)
    fixture: dict[str, Any] = {
        "title": title,
        "now": now.isoformat(),
        "account": {
            "key": key,
            "secret": "s",
            "service_codes": list(place.codes),
            "country": place.country,
            "options": {},
        },
        "request": {
            "method": told.method,
            "path": f"/g/{key}/s{below}",
            "headers": dict(told.headers),
            "query": told.query,
            "body": told.body.decode(),
        },
        **({"prior": prior} if prior is not None else {}),
        "turn": {},
        "response": {"status": 200, "headers": {}, "compare": "status"},
    }
    if exchange["text"]:
        fixture["reply"] = {"text": exchange["text"], "continue": exchange["continue"]}
        fixture["response"] |= _demanded(contract, exchange)
    turn = contract.decode(contract.read(request_of(fixture)), place, now)
    fixture["turn"] = describe(contract, turn, prior, place)
    return fixture


def _demanded(contract: Contract, exchange: Mapping[str, Any]) -> dict[str, Any]:
    """Return what must leave again; pages carry our own address and are compared by what is heard of them."""
    answer, phone = str(exchange["answer"]), str(exchange["turn"].get("msisdn", ""))
    if contract.profile.reply.type != "text" or "…" in answer:
        return {}
    return {"compare": "exact", "body": _anonymous(answer, phone)}


def _prior(exchange: Mapping[str, Any]) -> dict[str, Any] | None:
    turn = exchange["turn"]
    if turn.get("kind") == "begin" or not exchange.get("turn_number"):
        return None
    typed = str(turn.get("typed", ""))
    return {"turn_no": exchange["turn_number"], "transcript": typed.rpartition("*")[0]}


def _anonymous(value: Any, phone: str) -> Any:
    """Put a test number in the place of somebody's."""
    national = phone[-len(TEST_DIGITS) :]
    return value.replace(national, TEST_DIGITS) if isinstance(value, str) and national else value


def _own(session: Session, actor: Actor, name: str) -> UssdProfile:
    actor.require(Permission.USSD_GATEWAYS)
    row = session.exec(select(UssdProfile).where(UssdProfile.name == name).with_for_update()).first()
    if row is None:
        raise ProfileNotFound
    return row


def _keep(session: Session, actor: Actor, row: UssdProfile, act: str) -> ProfileRow:
    session.add(row)
    session.flush()
    changes: dict[str, Any] = {"version": row.version, "fixtures": len(row.fixtures)}
    if act in _WRITTEN:  # the text as it was: versions are read, and taken again, from the trail
        changes["body"] = Profile.model_validate(row.body).model_dump(mode="json", exclude_defaults=True)
    audit.record(session, actor, f"ussd_profile.{act}", "ussd_profile", row.id, row.name, changes)
    return get_profile(session, actor, row.name)


# Reads


def list_profiles(session: Session, actor: Actor) -> list[ProfileRow]:
    """Return the shipped profiles, then the copies."""
    actor.require(Permission.USSD_READ)
    copies = session.exec(select(UssdProfile).order_by(UssdProfile.name)).all()
    return [_shipped(name) for name in BUILT_IN] + [_copy(row) for row in copies]


def get_profile(session: Session, actor: Actor, name: str) -> ProfileRow:
    """Return one profile, or refuse with `ProfileNotFound`."""
    actor.require(Permission.USSD_READ)
    if name in BUILT_IN:
        return _shipped(name)
    row = session.exec(select(UssdProfile).where(UssdProfile.name == name)).first()
    if row is None:
        raise ProfileNotFound
    return _copy(row)


def list_versions(session: Session, actor: Actor, name: str) -> list[ProfileVersion]:
    """Return the texts a copied profile had, the newest first."""
    actor.require(Permission.USSD_READ)
    row = session.exec(select(UssdProfile).where(UssdProfile.name == name)).first()
    if row is None:
        raise ProfileNotFound
    entries = audit.list_history(session, "ussd_profile", row.id, MOST_FIXTURES)
    return [
        ProfileVersion(entry.changes["version"], entry.created_at, entry.actor_name, entry.changes["body"])
        for entry in entries
        if "body" in entry.changes
    ]


def _shipped(name: str) -> ProfileRow:
    profile = BUILT_IN[name].profile
    body = profile.model_dump(mode="json")
    return ProfileRow(name, profile.title, is_shipped=True, version=1, body=body, fixtures=())


def _copy(row: UssdProfile) -> ProfileRow:
    title = str(row.body.get("title", ""))
    return ProfileRow(
        row.name, title, is_shipped=False, version=row.version, body=row.body, fixtures=tuple(row.fixtures)
    )
