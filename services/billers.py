"""What is paid outside the house from a menu: billers and airtime, as rows an operator edits."""

from dataclasses import dataclass

from core.database import Session, fetch_all

# Reads


@dataclass(frozen=True, slots=True)
class BillerRow:
    """A biller as a menu lists it; `is_due` when the biller says the amount."""

    code: str
    name: str
    pattern: str
    connector: str
    is_due: bool


def list_active(session: Session, country: str, language: str) -> list[BillerRow]:
    """Return the billers a country's menu offers, in the language or else in French."""
    rows = fetch_all(
        session,
        """
        select code, coalesce(name ->> %s, name ->> 'fr', code) as name, pattern, connector,
               amount_kind = 'due' as is_due
        from biller where country = %s and kind = 'bill' and state = 'active' order by position, code
        """,
        (language, country),
    )
    return [BillerRow(**row) for row in rows]


def is_airtime_open(session: Session, country: str) -> bool:
    """Say whether airtime is sold in a country: unless its row says it is stopped."""
    stopped = fetch_all(
        session, "select 1 from biller where country = %s and kind = 'airtime' and state = 'stopped'", (country,)
    )
    return not stopped
