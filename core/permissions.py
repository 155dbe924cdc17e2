"""Who may do what: deny by default.

A right is a `Permission`; a `Role` held in a `Scope` grants some. Rights are read from the database at every call.
The table below is the whole truth; a test walks every role against every permission.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from core.errors import Forbidden


class Role(StrEnum):
    """What a person may be, in some scope (`../docs/glossary.md`)."""

    ADMIN = "admin"
    MEMBRE = "membre"
    GESTIONNAIRE = "GESTIONNAIRE"
    SUPERVISEUR = "SUPERVISEUR"
    OPERATEUR = "operateur"
    LECTEUR = "lecteur"


class Scope(StrEnum):
    """Where a role holds."""

    PLATFORM = "platform"
    ORGANISATION = "organisation"
    USSD = "ussd"
    CIU = "ciu"


class Permission(StrEnum):
    """One act."""

    PROFILE = "profile"
    USERS_READ = "users.read"
    USERS_WRITE = "users.write"
    ORGANISATIONS_READ = "organisations.read"
    ORGANISATIONS_WRITE = "organisations.write"
    ROLES_WRITE = "roles.write"
    API_KEYS = "api_keys"
    AUDIT_READ = "audit.read"
    HEALTH_READ = "health.read"
    JOBS_READ = "jobs.read"
    JOBS_RUN = "jobs.run"
    LEDGER_READ = "ledger.read"
    LEDGER_REVERSE = "ledger.reverse"
    OUTBOX_READ = "outbox.read"
    USSD_READ = "ussd.read"
    USSD_TEXTS_READ = "ussd.texts.read"
    USSD_ACT = "ussd.act"
    USSD_SIMULATE = "ussd.simulate"
    USSD_MENUS_WRITE = "ussd.menus.write"
    USSD_SWITCH = "ussd.switch"
    USSD_TARIFFS_WRITE = "ussd.tariffs.write"
    USSD_OFFERS_WRITE = "ussd.offers.write"
    USSD_MERCHANTS_WRITE = "ussd.merchants.write"
    USSD_SURVEYS_WRITE = "ussd.surveys.write"
    USSD_NOTICES_WRITE = "ussd.notices.write"
    USSD_GATEWAYS = "ussd.gateways"
    SUBSCRIBERS_READ = "subscribers.read"
    SUBSCRIBERS_WRITE = "subscribers.write"
    PAYMENTS_READ = "payments.read"
    PAYMENTS_EXCHANGES_READ = "payments.exchanges.read"
    PAYMENTS_ACT = "payments.act"
    PAYMENTS_REFUND = "payments.refund"
    PAYMENTS_PAUSE = "payments.pause"
    PAYMENTS_ACCOUNTS = "payments.accounts"
    PAYMENTS_SIMULATE = "payments.simulate"
    MESSAGES_WRITE = "messages.write"
    PENSIONS_READ = "pensions.read"
    PENSIONS_WRITE = "pensions.write"
    PENSIONS_APPROVE = "pensions.approve"
    PENSIONS_PAUSE = "pensions.pause"
    PENSIONS_RELEASE = "pensions.release"
    PENSIONS_SETTLE = "pensions.settle"
    PENSIONS_ACCOUNTS = "pensions.accounts"
    CIU_READ = "ciu.read"
    CIU_ACT = "ciu.act"
    CIU_ADMINISTER = "ciu.administer"
    CIU_PHONES = "ciu.phones"


EVERYBODY = frozenset({Permission.PROFILE})
# What the people of an organisation do with its money; an administrator who should do it too needs a role there.
OF_AN_ORGANISATION = frozenset({Permission.PENSIONS_WRITE, Permission.PENSIONS_APPROVE, Permission.PENSIONS_RELEASE})

GRANTS: dict[tuple[Scope, Role], frozenset[Permission]] = {
    (Scope.PLATFORM, Role.ADMIN): frozenset(Permission) - OF_AN_ORGANISATION,
    (Scope.PLATFORM, Role.MEMBRE): EVERYBODY,
    (Scope.USSD, Role.OPERATEUR): EVERYBODY
    | {
        Permission.USSD_READ,
        Permission.USSD_TEXTS_READ,
        Permission.USSD_ACT,
        Permission.USSD_SIMULATE,
        Permission.USSD_MENUS_WRITE,
        Permission.USSD_SWITCH,
        Permission.USSD_TARIFFS_WRITE,
        Permission.USSD_OFFERS_WRITE,
        Permission.USSD_MERCHANTS_WRITE,
        Permission.USSD_SURVEYS_WRITE,
        Permission.USSD_NOTICES_WRITE,
        Permission.SUBSCRIBERS_READ,
        Permission.SUBSCRIBERS_WRITE,
        Permission.PAYMENTS_READ,
        Permission.PAYMENTS_EXCHANGES_READ,
        Permission.PAYMENTS_ACT,
        Permission.PAYMENTS_REFUND,
        Permission.PAYMENTS_PAUSE,
        Permission.PAYMENTS_SIMULATE,
        Permission.OUTBOX_READ,
        Permission.MESSAGES_WRITE,
    },
    (Scope.USSD, Role.LECTEUR): EVERYBODY
    | {Permission.USSD_READ, Permission.SUBSCRIBERS_READ, Permission.PAYMENTS_READ},
    (Scope.CIU, Role.OPERATEUR): EVERYBODY | {Permission.CIU_READ, Permission.CIU_ACT},
    (Scope.CIU, Role.LECTEUR): EVERYBODY | {Permission.CIU_READ},
    (Scope.ORGANISATION, Role.GESTIONNAIRE): EVERYBODY
    | {
        Permission.PENSIONS_READ,
        Permission.PENSIONS_WRITE,
        Permission.PENSIONS_PAUSE,
        Permission.PENSIONS_RELEASE,
        Permission.PENSIONS_SETTLE,
    },
    (Scope.ORGANISATION, Role.SUPERVISEUR): EVERYBODY
    | {
        Permission.PENSIONS_READ,
        Permission.PENSIONS_APPROVE,
        Permission.PENSIONS_PAUSE,
        Permission.PENSIONS_RELEASE,
        Permission.PENSIONS_SETTLE,
    },
}


@dataclass(frozen=True, slots=True)
class Grant:
    """A role held somewhere; `organisation_id` is set in the organisation scope only."""

    scope: Scope
    role: Role
    organisation_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks, and with what rights. `user_id` is None for the system itself and for an API key.

    An API key holds the permissions its scopes name, and no other.
    """

    user_id: UUID | None
    name: str
    grants: tuple[Grant, ...] = ()
    language: str = "fr"
    address: str = ""
    session_id: UUID | None = None
    api_key_id: UUID | None = None
    key_scopes: frozenset[str] = field(default_factory=frozenset)
    is_system: bool = False
    must_change_password: bool = False

    @property
    def is_admin(self) -> bool:
        """Whether the actor administers the platform."""
        return any(grant.scope == Scope.PLATFORM and grant.role == Role.ADMIN for grant in self.grants)

    def permissions(self, organisation_id: UUID | None = None) -> frozenset[Permission]:
        """Return all rights held, or those held in one organisation; no organisation matches no organisation."""
        held: frozenset[Permission] = EVERYBODY if self.user_id else frozenset()
        held |= {permission for permission in Permission if permission.value in self.key_scopes}
        for grant in self.grants:
            is_elsewhere = grant.scope == Scope.ORGANISATION and organisation_id != grant.organisation_id
            if organisation_id is None or not is_elsewhere:
                held |= GRANTS.get((grant.scope, grant.role), frozenset())
        return held

    def may(self, permission: Permission, organisation_id: UUID | None = None) -> bool:
        """Say whether the actor holds `permission`."""
        return self.is_system or permission in self.permissions(organisation_id)

    def require(self, permission: Permission, organisation_id: UUID | None = None) -> None:
        """Refuse with `Forbidden` unless the actor holds `permission`."""
        if not self.may(permission, organisation_id):
            raise Forbidden(required=permission.value)


SYSTEM = Actor(user_id=None, name="Palabre", is_system=True)
