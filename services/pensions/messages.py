"""What people are told of a batch, in the application and by mail: figures and a link, never a payee.

Each function writes to the outbox in its caller's transaction, once for what it tells of: repeating it changes nothing.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from core import clock, formats
from core.database import Session, fetch_all
from core.i18n import t
from core.masking import mask_text
from core.permissions import GRANTS, Permission, Role, Scope
from core.settings import get_settings
from models.messages import Channel
from models.pension_stages import BatchStage
from services import messages
from services.messages import Notice, OutgoingMessage
from services.messages.kinds import KINDS
from services.pensions import reading
from services.pensions.files.totals import Sum
from services.pensions.shapes import BatchRow
from services.pensions.stages import STAGE_WORDS

PAGE = "/pensions/lots"
DOUBT_AFTER_HOURS = {1: 24, 24: 24 * 365}  # told after the first, until the second is told instead
EXPIRY_TOLD_BEFORE = timedelta(hours=24)

# Why a rule of ours stopped a batch; what a person wrote is told as he wrote it.
PAUSES = {
    "position": "position insuffisante au switch",
    "adapter_unwell": "le switch répond mal",
    "seal_broken": "le sceau ne correspond plus aux lignes",
    "configuration": "le connecteur refuse nos demandes",
}
_APPROVERS = [role for role in Role if Permission.PENSIONS_APPROVE in GRANTS.get((Scope.ORGANISATION, role), ())]


def tell_approval_asked(session: Session, batch_id: UUID) -> None:
    """Tell the organisation's approvers that a batch waits for one of them; not who uploaded or confirmed it."""
    batch = reading.find_batch(session, batch_id)
    _tell(session, batch, "pension_a_approuver", _approvers(session, batch) - _makers(batch), _size(batch.total, batch))


def tell_decided(session: Session, batch_id: UUID) -> None:
    """Tell who uploaded and who confirmed that a batch was approved, or why it was rejected."""
    batch = reading.find_batch(session, batch_id)
    if batch.stage is BatchStage.REJECTED:
        _tell(session, batch, "pension_refuse", _makers(batch), {"motif": mask_text(batch.end_reason)})
    else:
        _tell(session, batch, "pension_approuve", _makers(batch), _size(batch.total, batch))


def tell_ended(session: Session, batch_id: UUID) -> None:
    """Tell everybody concerned how a batch ended: how many were paid, how much, out of how many."""
    batch = reading.find_batch(session, batch_id)
    said = {
        "payes": formats.count(batch.completed.count),
        "nombre": formats.count(batch.total.count),
        "montant": batch.money(batch.completed.amount_minor).on_phone(),
        "taux": f"{batch.success_rate:.2f}".replace(".", ","),
    }
    _tell(session, batch, "pension_termine", _concerned(session, batch), said)


def tell_paused(session: Session, batch_id: UUID) -> None:
    """Tell everybody concerned, and `EMAIL_ALERTES`, that a rule stopped a batch, at once."""
    batch = reading.find_batch(session, batch_id)
    said = {"motif": _pause(batch), **_size(batch.open, batch)}
    key = f"{batch.version}"
    _tell(session, batch, "pension_pause", _concerned(session, batch), said, key)
    addresses = [part.strip() for part in get_settings().email_alertes.split(",") if part.strip()]
    messages.enqueue_many(
        session,
        [
            OutgoingMessage(
                dedupe_key=f"pension_pause:{batch.id}:{key}:{address.lower()}",
                type="pension_pause",
                channel=Channel.EMAIL,
                address=address,
                template_code="pension_pause",
                variables=_said(batch, said),
                data={"bulk_id": batch.bulk_id},
                priority=KINDS["pension_pause"].priority,
                expires_at=clock.now() + KINDS["pension_pause"].life,
            )
            for address in addresses
        ],
    )


def tell_doubt(session: Session, batch_id: UUID, hours: int) -> None:
    """Tell everybody concerned how many payments nobody has had news of for `hours` (1 or 24); once a batch and day."""
    batch = reading.find_batch(session, batch_id)
    (found,) = fetch_all(session, _DOUBT, {"batch": batch_id, **_window(hours)})
    doubt = Sum(found["payments"], int(found["minor"]))
    if not doubt.count:
        return
    said = {"heures": str(hours), **_size(doubt, batch)}
    key = f"{hours}:{clock.today(batch.timezone)}"
    _tell(session, batch, "pension_incertain", _concerned(session, batch), said, key)


def tell_expiring(session: Session, batch_id: UUID) -> None:
    """Tell who can still decide that a draft or an approval is about to expire."""
    batch = reading.find_batch(session, batch_id)
    if batch.expires_at is None:
        return
    told = _makers(batch)
    if batch.stage is BatchStage.AWAITING_APPROVAL:
        told |= _approvers(session, batch)
    end = batch.expires_at.astimezone(ZoneInfo(batch.timezone))
    said = {"etape": t(STAGE_WORDS[batch.stage]).lower(), "date": f"{end:%d/%m/%Y %H:%M}"}
    _tell(session, batch, "pension_echeance", told, said, batch.stage)


def tell_due(session: Session) -> int:
    """Tell what time alone makes worth telling, doubts and ends to come; return of how many batches."""
    now = clock.now()
    told = 0
    for hours in DOUBT_AFTER_HOURS:
        for row in fetch_all(session, _IN_DOUBT, _window(hours)):
            tell_doubt(session, row["batch_id"], hours)
            told += 1
    for row in fetch_all(session, _EXPIRING, {"now": now, "before": now + EXPIRY_TOLD_BEFORE}):
        tell_expiring(session, row["id"])
        told += 1
    return told


_UNKNOWN_SINCE = """
pension_payment p join transfer t on t.id = p.transfer_id
where p.stage = 'UNKNOWN' and coalesce(t.unknown_at, t.submitted_at) between %(after)s and %(before)s
"""
_DOUBT = f"""
select count(*) as payments, coalesce(sum(p.amount_minor), 0) as minor
from {_UNKNOWN_SINCE} and p.batch_id = %(batch)s
"""
_IN_DOUBT = f"""
select b.id as batch_id from pension_batch b
where b.unknown_count > 0 and b.completed_at is null and exists (select from {_UNKNOWN_SINCE} and p.batch_id = b.id)
order by b.id
"""
_EXPIRING = """
select id from pension_batch
where stage in ('DRAFT', 'AWAITING_APPROVAL') and expires_at > %(now)s and expires_at <= %(before)s order by id
"""
_HOLDERS = """
select u.id from users u join role_grant g on g.user_id = u.id
where g.scope = 'organisation' and g.organisation_id = %s and g.role = any(%s) and u.state = 'active'
"""
_ACTIVE = "select id from users where id = any(%s) and state = 'active' order by id"


def _window(hours: int) -> dict[str, datetime]:
    now = clock.now()
    return {
        "before": now - timedelta(hours=hours),
        "after": now - timedelta(hours=DOUBT_AFTER_HOURS[hours]) + timedelta(microseconds=1),
    }


def _tell(
    session: Session, batch: BatchRow, kind: str, people: Iterable[UUID], said: dict[str, str], key: str = ""
) -> None:
    # Who left the organisation's service is told nothing more.
    active = [row["id"] for row in fetch_all(session, _ACTIVE, (list(people),))]
    messages.tell_many(
        session,
        [
            Notice(
                type=kind,
                dedupe_key=f"{kind}:{batch.id}:{key}",
                recipient_id=person,
                variables=_said(batch, said),
                data={"bulk_id": batch.bulk_id},
            )
            for person in active
        ],
    )


def _said(batch: BatchRow, said: dict[str, str]) -> dict[str, Any]:
    base = get_settings().public_base_url.split(",")[0].strip().rstrip("/")
    link = f"{base}{PAGE}/{batch.bulk_id}"
    return {"organisation": batch.organisation_name, "lot": batch.bulk_id, "lien": link, **said}


def _size(of: Sum, batch: BatchRow) -> dict[str, str]:
    return {"nombre": formats.count(of.count), "montant": batch.money(of.amount_minor).on_phone()}


def _pause(batch: BatchRow) -> str:
    return t(PAUSES[batch.pause_reason]) if batch.pause_reason in PAUSES else mask_text(batch.pause_reason)


def _makers(batch: BatchRow) -> set[UUID]:
    return {act.user_id for act in (batch.created_by, batch.confirmed_by) if act is not None}


def _approvers(session: Session, batch: BatchRow) -> set[UUID]:
    return {
        row["id"] for row in fetch_all(session, _HOLDERS, (batch.organisation_id, [str(role) for role in _APPROVERS]))
    }


def _concerned(session: Session, batch: BatchRow) -> set[UUID]:
    return _makers(batch) | _approvers(session, batch)
