"""Where the environment and the accounts have parted: shown on the health page, applied by nobody."""

from dataclasses import dataclass
from typing import Literal

from sqlmodel import select

from core.database import Session
from core.permissions import Actor, Permission
from core.settings import Settings
from models.transfers import ProviderAccount
from services.provider_accounts.views import open_secrets
from services.provider_seeds.variables import Wanted, list_wanted, read_value


@dataclass(frozen=True, slots=True)
class Difference:
    """A variable whose value is not the account's; the values themselves are shown to nobody.

    `kind`: the account differs, has no such value, or does not exist.
    """

    variable: str
    account_code: str
    kind: Literal["differs", "absent", "no_account"]


def list_differences(session: Session, actor: Actor, settings: Settings) -> list[Difference]:
    """Return the variables that say something else than the accounts they once made."""
    actor.require(Permission.PAYMENTS_READ)
    found: list[Difference] = []
    for wanted in list_wanted(settings):
        row = session.exec(select(ProviderAccount).where(ProviderAccount.code == wanted.code)).first()
        found += _compare(settings, wanted, row)
    return found


def _compare(settings: Settings, wanted: Wanted, row: ProviderAccount | None) -> list[Difference]:
    if row is None:
        filled = [variable for group in wanted.groups for variable in group if read_value(settings, variable)]
        return [Difference(variable, wanted.code, "no_account") for variable in filled]
    secrets = open_secrets(row)
    kept = {
        **{variable: secrets.get(name, "").splitlines() for name, variable in wanted.secrets.items()},
        **{variable: [str(row.settings.get(name) or "")] for name, variable in wanted.settings.items()},
    }
    return [
        Difference(variable, row.code, "differs" if any(values) else "absent")
        for variable, values in kept.items()
        if (value := read_value(settings, variable)) and value not in values
    ]
