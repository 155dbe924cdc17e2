"""The seal of a batch: one digest over its terms and every payment, in file order (specification, B)."""

from hashlib import sha256
from uuid import UUID

from core.database import Session, driver, fetch_one

_HEAD = """
select b.bulk_id, o.code, a.account_id, b.cycle, b.currency, b.total_count, b.total_minor
from pension_batch b
join organisation o on o.id = b.organisation_id
join pension_account a on a.id = b.account_id
where b.id = %s
"""
# One text a line; no cell holds a tab, a break or these two marks, so CSV writes each line as it is.
_LINES = """
copy (
    select concat_ws(E'\\t', line, id_type, identifier, amount_minor, purpose, name)
    from pension_payment where batch_id = {} order by line
) to stdout (format csv, delimiter E'\\x01', quote E'\\x02')
"""


def compute(session: Session, batch_id: UUID) -> str:
    """Return the seal of what the database holds of a batch, read as a stream: `sha256:<hex>`."""
    head = fetch_one(session, _HEAD, (batch_id,))
    assert head is not None  # noqa: S101  # the caller holds the batch's row
    digest = sha256(b"palabre-batch-1\n")
    digest.update(("\t".join(map(str, head.values())) + "\n").encode())
    with driver(session).cursor() as cursor, cursor.copy(_LINES.format(f"'{batch_id}'::uuid")) as lines:
        for piece in lines:
            digest.update(piece)
    return f"sha256:{digest.hexdigest()}"
