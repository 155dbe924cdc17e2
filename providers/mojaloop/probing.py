"""What a probe proves: whether the adapter keeps our transfer id, seen without anything that could move.

Its payee cannot exist, so that no quote is ever asked; an answer with a quote proves nothing and is refused.
"""

from providers.http import NoAnswer, Outcome
from providers.mojaloop.contract import Capabilities, Identity, Party, Unknown
from providers.mojaloop.reading import read
from providers.mojaloop.verdicts import BAD_REQUEST
from providers.wire import Exchange

NOBODY = Party("MSISDN", "+22900000000")
_TOO_MANY_FIELDS = "additional properties"


def meaning_of(outcome: Outcome | NoAnswer, own_id: str, attempts: tuple[Exchange, ...] = ()) -> Capabilities | Unknown:
    """Return what the answer to a probe proves; `Unknown` when it proves nothing, and nothing may be sent."""
    if isinstance(outcome, NoAnswer):
        return Unknown(outcome.is_sent, outcome.kind, attempts=attempts)
    said = read(outcome.status, outcome.body)
    if said.has_record and not said.has_quote and said.transfer_id:
        identity = Identity.OWN_ID if said.transfer_id == own_id else Identity.ID_IGNORED
        return Capabilities(identity, attempts)
    if outcome.status == BAD_REQUEST and _TOO_MANY_FIELDS in said.message:
        return Capabilities(Identity.ID_CLOSED, attempts)
    return Unknown(is_sent=True, detail=f"unproven: http {outcome.status}", attempts=attempts)
