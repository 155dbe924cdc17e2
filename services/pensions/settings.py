"""How an organisation pays: its settings, with the defaults of one that never chose."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from phonenumbers import SUPPORTED_REGIONS
from pydantic import Field, field_validator
from sqlmodel import select

from core.database import Session
from core.i18n import t
from core.orders import Order
from core.permissions import Actor, Permission
from models.organisations import Organisation
from models.pension_stages import LookupPolicy, NamePolicy, PayeeType, Rail
from models.pensions import PensionAccount, PensionSettings
from services import audit
from services.organisations import OrganisationNotFound
from services.pensions.refusals import AccountUnknown

LARGEST_FILE_ROWS = 1_000_000


class ChangeSettings(Order):
    """An organisation's new settings, whole; None of `four_eyes_from_minor` is off, 0 is always."""

    organisation_id: UUID
    four_eyes_from_minor: int | None = Field(default=None, ge=0)
    lookup: LookupPolicy = LookupPolicy.BEFORE
    name_policy: NamePolicy = NamePolicy.WARN
    max_amount_minor: int = Field(default=10_000_000, gt=0, le=10**12)
    max_rows: int = Field(default=LARGEST_FILE_ROWS, gt=0, le=LARGEST_FILE_ROWS)
    max_total_minor: int | None = Field(default=None, gt=0)
    personal_id_length: int = Field(default=10, ge=1, le=32)
    id_types: tuple[PayeeType, ...] = Field(default=tuple(PayeeType), min_length=1)
    countries: tuple[str, ...] = ()
    fee_cap_minor: int | None = Field(default=None, ge=0)
    lookup_max_age_days: int = Field(default=30, ge=0, le=365)
    is_same_person_allowed: bool = False
    rail: Rail = Rail.MOJALOOP
    default_account_id: UUID | None = None

    @field_validator("countries")
    @classmethod
    def _known(cls, countries: tuple[str, ...]) -> tuple[str, ...]:
        if any(country not in SUPPORTED_REGIONS for country in countries):
            raise ValueError(t("pays inconnu"))
        return countries


@dataclass(frozen=True, slots=True)
class SettingsRow:
    """An organisation's settings as they hold now; `countries` is never empty."""

    organisation_id: UUID
    organisation_code: str
    organisation_name: str
    country: str
    timezone: str
    is_active: bool
    four_eyes_from_minor: int | None
    lookup: LookupPolicy
    name_policy: NamePolicy
    max_amount_minor: int
    max_rows: int
    max_total_minor: int | None
    personal_id_length: int
    id_types: tuple[str, ...]
    countries: tuple[str, ...]
    fee_cap_minor: int | None
    lookup_max_age_days: int
    is_same_person_allowed: bool
    rail: Rail
    default_account_id: UUID | None

    def needs_approval(self, total_minor: int, *, has_accepted_duplicates: bool = False) -> bool:
        """Say whether a second person must agree to send this much; always, where a payee is paid twice in a cycle."""
        if has_accepted_duplicates:
            return True
        return self.four_eyes_from_minor is not None and total_minor >= self.four_eyes_from_minor


def change_settings(session: Session, actor: Actor, order: ChangeSettings) -> SettingsRow:
    """Replace an organisation's settings; batches that are sealed keep what they were sealed under."""
    actor.require(Permission.PENSIONS_ACCOUNTS)
    organisation = session.get(Organisation, order.organisation_id)
    if organisation is None:
        raise OrganisationNotFound
    _guard_default(session, order)
    kept = session.exec(
        select(PensionSettings).where(PensionSettings.organisation_id == organisation.id).with_for_update()
    ).first() or PensionSettings(organisation_id=organisation.id)
    wanted = order.model_dump(mode="json", exclude={"organisation_id", "default_account_id"})
    changes: dict[str, Any] = {"default_account_id": order.default_account_id, **wanted}
    changes = {name: [getattr(kept, name), value] for name, value in changes.items() if getattr(kept, name) != value}
    for name, (_, value) in changes.items():
        setattr(kept, name, value)
    session.add(kept)
    session.flush()
    audit.record(
        session,
        actor,
        "pensions.settings",
        "organisation",
        organisation.id,
        organisation.name,
        {name: [str(was), str(now)] for name, (was, now) in changes.items()},
        organisation_id=organisation.id,
    )
    return find_settings(session, organisation.id)


def _guard_default(session: Session, order: ChangeSettings) -> None:
    if order.default_account_id is None:
        return
    account = session.get(PensionAccount, order.default_account_id)
    if account is None or account.organisation_id != order.organisation_id:
        raise AccountUnknown


# Reads


def get_settings(session: Session, actor: Actor, organisation_id: UUID) -> SettingsRow:
    """Return an organisation's settings to its people and to administrators."""
    if not actor.may(Permission.PENSIONS_READ, organisation_id):
        raise OrganisationNotFound
    return find_settings(session, organisation_id)


def find_settings(session: Session, organisation_id: UUID) -> SettingsRow:
    """Return an organisation's settings, the defaults where it never chose."""
    found = session.exec(
        select(Organisation, PensionSettings)
        .outerjoin(PensionSettings, PensionSettings.organisation_id == Organisation.id)  # type: ignore[arg-type]
        .where(Organisation.id == organisation_id)
    ).first()
    if found is None:
        raise OrganisationNotFound
    organisation, kept = found
    kept = kept or PensionSettings(organisation_id=organisation.id)
    return SettingsRow(
        organisation_id=organisation.id,
        organisation_code=organisation.code,
        organisation_name=organisation.name,
        country=organisation.country,
        timezone=organisation.timezone,
        is_active=organisation.is_active,
        four_eyes_from_minor=kept.four_eyes_from_minor,
        lookup=LookupPolicy(kept.lookup),
        name_policy=NamePolicy(kept.name_policy),
        max_amount_minor=kept.max_amount_minor,
        max_rows=kept.max_rows,
        max_total_minor=kept.max_total_minor,
        personal_id_length=kept.personal_id_length,
        id_types=tuple(kept.id_types),
        countries=tuple(kept.countries) or (organisation.country,),
        fee_cap_minor=kept.fee_cap_minor,
        lookup_max_age_days=kept.lookup_max_age_days,
        is_same_person_allowed=kept.is_same_person_allowed,
        rail=Rail(kept.rail),
        default_account_id=kept.default_account_id,
    )
