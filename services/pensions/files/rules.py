"""What a file may hold: identifier types, the two layouts, and what the organisation asks of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from core.money import Currency

LARGEST_FILE_BYTES = 100 * 1024 * 1024
LONGEST_LINE_BYTES = 4 * 1024
MOST_ROWS = 1_000_000
LARGEST_AMOUNT_MINOR = 10**12  # for anybody, whatever an organisation says
DEFAULT_LARGEST_AMOUNT_MINOR = 10_000_000
DEFAULT_PERSONAL_ID_LENGTH = 10
DEFAULT_PURPOSE = "PENSION"
LONGEST_NAME = 128
LONGEST_VALUE = 80  # of a wrong cell, as it is kept and shown
WHOLE_ROW = "*"  # the column of a fault that concerns all of them

_ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff"
_SPACES = (
    "\t \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\u2028\u2029"
)
WHITE_SPACE = _SPACES + _ZERO_WIDTH  # what is trimmed around a cell


class IdType(StrEnum):
    """The ways to name a payee."""

    MSISDN = "MSISDN"
    EMAIL = "EMAIL"
    PERSONAL_ID = "PERSONAL_ID"
    BUSINESS = "BUSINESS"
    DEVICE = "DEVICE"
    ACCOUNT_ID = "ACCOUNT_ID"
    IBAN = "IBAN"
    ALIAS = "ALIAS"


class Field(StrEnum):
    """What a column means, in the order in which the faults of a row are listed."""

    ID_TYPE = "id_type"
    IDENTIFIER = "identifier"
    CURRENCY = "currency"
    AMOUNT = "amount"
    NAME = "name"
    PURPOSE = "purpose"
    TRANSFER_ID = "transfer_id"


@dataclass(frozen=True, slots=True)
class Layout:
    """The documented names of the columns; those of `optional` may be missing."""

    code: str
    columns: Mapping[Field, str]
    optional: frozenset[Field] = frozenset({Field.NAME, Field.PURPOSE})

    def missing(self, headers: frozenset[str]) -> list[str]:
        """Return the required columns that are not among `headers` (lower case), as documented."""
        required = (name for meaning, name in self.columns.items() if meaning not in self.optional)
        return [name for name in required if name.lower() not in headers]


LAYOUT_A = Layout(
    "a",
    {
        Field.ID_TYPE: "type_id",
        Field.IDENTIFIER: "valeur_id",
        Field.CURRENCY: "devise",
        Field.AMOUNT: "montant",
        Field.NAME: "nom_complet",
        Field.PURPOSE: "objet",
    },
)
LAYOUT_B = Layout(
    "b",
    {
        Field.TRANSFER_ID: "transferId",
        Field.AMOUNT: "amount",
        Field.CURRENCY: "currency",
        Field.ID_TYPE: "partyIdType",
        Field.IDENTIFIER: "partyIdentifier",
        Field.NAME: "name",
        Field.PURPOSE: "purpose",
    },
)


@dataclass(frozen=True, slots=True)
class FileRules:
    """What the organisation, its account and the form ask of a file; `allows_same_person` is both asked and permitted.

    An empty `countries` means the organisation's own.
    """

    country: str
    currency: Currency
    countries: frozenset[str] = frozenset()
    max_amount_minor: int = DEFAULT_LARGEST_AMOUNT_MINOR
    max_rows: int = MOST_ROWS
    personal_id_length: int = DEFAULT_PERSONAL_ID_LENGTH
    id_types: frozenset[str] = field(default_factory=lambda: frozenset(IdType))
    allows_same_person: bool = False

    @property
    def largest_minor(self) -> int:
        """Return the largest amount that passes, in minor units."""
        return min(self.max_amount_minor, LARGEST_AMOUNT_MINOR)

    def allows_country(self, country: str) -> bool:
        """Say whether a number of `country` may be paid."""
        return country in (self.countries or {self.country})
