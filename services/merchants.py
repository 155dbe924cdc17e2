"""Points of sale: a code of 6 digits behind which an agent or a merchant is paid on his wallet."""

from dataclasses import dataclass
from uuid import UUID

from core.database import Session, fetch_one
from core.money import Currency

# Reads


@dataclass(frozen=True, slots=True)
class MerchantFound:
    """Who is behind a code, as a menu needs him; `state` is `active` only when he may be paid at once."""

    code: str
    name: str
    wallet_id: UUID
    user_id: UUID
    state: str
    phone: str
    role: str
    currency: Currency


def find_by_code(session: Session, code: str) -> MerchantFound | None:
    """Return who a code belongs to; None when nobody, or when a second person has not approved him yet."""
    row = fetch_one(
        session,
        """
        select m.code, m.name, w.id as wallet_id, m.owner_id as user_id, m.role, m.currency,
               coalesce(u.phone, '') as phone,
               case when m.state = 'active' and u.state = 'active' and w.state = 'active' then 'active'
                    else 'suspended' end as state
        from merchant m join users u on u.id = m.owner_id
        join wallet w on w.user_id = m.owner_id and w.currency = m.currency
        where m.code = %s and m.state in ('active', 'suspended')
        """,
        (code,),
    )
    return None if row is None else MerchantFound(**{**row, "currency": Currency(row["currency"])})
