"""What somebody says about a payment: stored as it came, believed never; the switch is asked at once."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic import Field

from core import clock, ids
from core.database import Session, driver, fetch_all
from core.errors import Refusal
from core.orders import Order, made_storable
from core.permissions import Actor, Permission
from models.inbox import Authenticity
from services.pensions import policy
from services.pensions.payment_reading import PAYMENTS, PaymentNotFound, payment_row
from services.pensions.policy import Act
from services.pensions.shapes import PaymentRow
from services.transfers.asking import plan_read

SOURCE = "mojaloop"
COUNTS_EVERY_S = 5
LARGEST_BODY_BYTES = 16 * 1024
LONGEST_STATE = 40

_INSERT = """
insert into inbound_event (id, created_at, source, account_id, dedupe_key, method, path, headers, body, authenticity,
    is_accepted, "references", claimed_state, transfer_id, received_at, handled_at, outcome, repeats)
select %(id)s, %(now)s, %(source)s, t.account_id, %(key)s, 'PUT', %(path)s, '{}', %(body)s, %(authenticity)s, true,
    %(references)s, %(state)s, t.id, %(now)s, null, 'asked', 0 from transfer t where t.id = %(transfer)s
on conflict (source, dedupe_key) do update set repeats = inbound_event.repeats + 1
returning id, xmax = 0 as is_new
"""
_FIND = f"""
with named as (
    select id from pension_payment where id = %(id)s
    union select subject_id from transfer where external_id = %(id)s and purpose = 'pension'
    union select subject_id from transfer where handles @> %(theirs)s and purpose = 'pension'
    union select p.id from organisation o
        join pension_payment p on p.organisation_id = o.id and p.file_transfer_id = %(shown)s
    union select p.id from pension_batch b join pension_payment p on p.batch_id = b.id
        where b.bulk_id = %(bulk)s and p.line = %(line)s and p.file_transfer_id is null)
{PAYMENTS} where p.id in (select id from named) order by p.id
"""
_LONGEST_LINE = 9


class BadJson(Refusal):
    """The body is not a JSON object."""

    code = "bad_json"
    sentence = "Le corps de la demande n'est pas un objet JSON."


class Hint(Order):
    """What the adapter, or a person, says: `transfer_id` is any name of the payment, `body` what was sent, raw."""

    transfer_id: str = Field(max_length=100)
    body: bytes = Field(repr=False)


@dataclass(frozen=True, slots=True)
class Heard:
    """Our own present word on the payment, whatever the hint claimed."""

    transfer_id: str
    status: str


def note(session: Session, actor: Actor | None, order: Hint) -> Heard:
    """Keep a hint and have the switch asked now; `actor` None: the adapter proved itself by its token.

    One a payment in five seconds counts; the others are counted as its repetitions.
    """
    claimed = _parsed(order.body)
    payment, organisation_id = _find(session, actor, order.transfer_id)
    if actor is not None:
        policy.require_in(session, actor, Act.HINT, organisation_id)
    if payment.transfer_id is not None:
        _keep(session, order, claimed, payment, is_adapter=actor is None)
    return Heard(order.transfer_id, payment.status)


def _keep(session: Session, order: Hint, claimed: dict[str, Any], payment: PaymentRow, *, is_adapter: bool) -> None:
    now = clock.now()
    state = str(claimed.get("currentState") or claimed.get("transferState") or "")[:LONGEST_STATE]
    stored = (
        driver(session)
        .execute(
            _INSERT,
            {
                "id": ids.new_id(),
                "now": now,
                "source": SOURCE,
                "key": f"{payment.transfer_id}:{int(now.timestamp()) // COUNTS_EVERY_S}",
                "path": "/api/transfers/" + hashlib.sha256(order.transfer_id.encode()).hexdigest()[:16],
                "body": order.body,
                "authenticity": Authenticity.TOKEN if is_adapter else Authenticity.SECRET,
                "references": Jsonb({"payment_id": str(payment.id)}),
                "state": made_storable(state),
                "transfer": payment.transfer_id,
            },
        )
        .fetchone()
    )
    if stored is not None and stored[1] and payment.transfer_id is not None:
        plan_read(session, payment.transfer_id, stored[0])


def _parsed(body: bytes) -> dict[str, Any]:
    if len(body) > LARGEST_BODY_BYTES:
        raise BadJson
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadJson from error
    if not isinstance(document, dict):
        raise BadJson
    return document


def _find(session: Session, actor: Actor | None, name: str) -> tuple[PaymentRow, UUID]:
    """Return the payment of that name which the actor may know of, and its organisation."""
    bulk_id, _, line = name.rpartition("-")
    is_line = line.isdecimal() and line.isascii() and len(line) <= _LONGEST_LINE
    asked = {
        "shown": name,
        "id": ids.parse_id(name),
        "bulk": bulk_id,
        "line": int(line) if is_line else None,
        "theirs": Jsonb({"their_transfer_id": name}),
    }
    for record in fetch_all(session, _FIND, asked):
        organisation_id: UUID = record["organisation_id"]
        if actor is None or actor.may(Permission.PENSIONS_READ, organisation_id):
            return payment_row(record), organisation_id
    raise PaymentNotFound
