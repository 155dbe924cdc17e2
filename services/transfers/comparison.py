"""Rule 6: what a provider says succeeded is ours only if it is exactly what we asked for."""

from providers.answers import Reason, Seen
from services.transfers.rows import TransferRow


def is_comparable(seen: Seen) -> bool:
    """Say whether an answer names an amount or a currency at all; one that does not proves nothing."""
    return seen.amount is not None or bool(seen.currency_text)


def difference(row: TransferRow, seen: Seen) -> Reason | None:
    """Return in what a success differs from the transfer: currency, amount in minor units, party where it is named.

    Adapters give a party only where the order named one. The environment is right by construction: a transfer is read
    at its own `base_url`.
    """
    currency = seen.amount.currency.value if seen.amount else seen.currency_text
    if currency != row.amount.currency.value:
        return Reason.MISMATCH_CURRENCY
    if seen.amount is None or seen.amount.minor != row.amount.minor:
        return Reason.MISMATCH_AMOUNT
    if row.party_phone and seen.party is not None and seen.party.e164 != row.party_phone:
        return Reason.MISMATCH_PARTY
    if row.party_reference and seen.party_reference not in {"", row.party_reference}:
        return Reason.MISMATCH_PARTY
    return None
