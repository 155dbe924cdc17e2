"""A code that changed by a review: its person is told at once while he may be written to, else at his next message."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from core import clock, ids
from core.database import Session, driver, fetch_all, fetch_one
from services.ciu.store.people import read_value
from services.ciu.texts import Reply
from services.whatsapp import replies
from services.whatsapp.replies import Keeping
from services.whatsapp.speaking import SPEAKS

OPEN_FOR = timedelta(hours=23)  # WhatsApp takes free text for 24 hours; the outbox needs a moment

TEXTS = {
    "fr": "Après vérification, votre CIU a changé. Votre CIU :\n{code}\nGardez-le bien.",
    "en": "After a check, your CIU has changed. Your CIU:\n{code}\nKeep it.",
    "ln": "Sima ya botaleli, CIU na yo ebongwani. CIU na yo:\n{code}\nBomba yango malamu.",
}
DEFAULT_LANGUAGE = "fr"


@dataclass(frozen=True, slots=True)
class Change:
    """The record that stands for some people from now on."""

    record_id: UUID
    identity_ids: tuple[UUID, ...]


def change_of(session: Session, record_id: UUID, records: Iterable[UUID]) -> Change:
    """Return the change for everybody who holds one of `records`: `record_id` stands for them now."""
    rows = fetch_all(
        session,
        "select distinct identity_id from ciu_record_identity where record_id = any(%s) order by identity_id",
        ([*records],),
    )
    return Change(record_id, tuple(row["identity_id"] for row in rows))


def tell(session: Session, change: Change, *, is_undone: bool = False) -> int:
    """Tell everybody concerned, or let it wait for their next message; return how many were concerned.

    A change that is undone before its person heard of it is never told.
    """
    for identity_id in change.identity_ids:
        is_unheard = is_undone and _forget_unheard(session, change.record_id, identity_id)
        if not is_unheard and not _send(session, change.record_id, identity_id):
            _keep_for_later(session, change.record_id, identity_id)
    return len(change.identity_ids)


def take_untold(session: Session, record_id: UUID, identity_id: UUID, language: str) -> str:
    """Return what somebody has yet to be told, told from now on; nothing when the code is gone."""
    driver(session).execute(
        "update ciu_contact set untold_record_id = null where identity_id = %s and untold_record_id = %s",
        (identity_id, record_id),
    )
    row = fetch_one(
        session,
        """
        select coalesce(s.code, r.code) as code from ciu_record r left join ciu_record s on s.id = r.merged_into
        where r.id = %s
        """,
        (record_id,),
    )
    return _text(row["code"], language) if row and row["code"] else ""


def _text(code: str, language: str) -> str:
    return TEXTS.get(language, TEXTS[DEFAULT_LANGUAGE]).format(code=code)


def _forget_unheard(session: Session, record_id: UUID, identity_id: UUID) -> bool:
    found = driver(session).execute(
        """
        update ciu_contact set untold_record_id = null where identity_id = %s and untold_record_id is not null
        and programme_id = (select programme_id from ciu_record where id = %s)
        """,
        (identity_id, record_id),
    )
    return found.rowcount > 0


def _keep_for_later(session: Session, record_id: UUID, identity_id: UUID) -> None:
    driver(session).execute(
        """
        insert into ciu_contact (id, created_at, programme_id, identity_id, aside, is_stopped, untold_record_id)
        select %(id)s, %(now)s, programme_id, %(identity)s, '', false, id from ciu_record where id = %(record)s
        on conflict (programme_id, identity_id) do update set untold_record_id = excluded.untold_record_id
        """,
        {"id": ids.new_id(), "now": clock.now(), "identity": identity_id, "record": record_id},
    )


# Over which number of ours somebody wrote last, the account it speaks through, and whether he wants silence.
_WAY = f"""
select i.value, i.value_enc, i.language, i.is_test, r.code, s.channel, a.id as account_id,
    coalesce(c.is_stopped, false) as is_stopped
from ciu_identity i join ciu_record r on r.id = %(record)s
left join ciu_contact c on c.identity_id = i.id and c.programme_id = r.programme_id
join lateral (
    select m.channel, s.address from whatsapp_reply y join whatsapp_inbound m on m.reply_id = y.id
    join whatsapp_sender s on s.id = m.sender_id
    where y.identity_id = i.id and m.created_at > %(since)s and s.programme_id = r.programme_id
    order by m.created_at desc limit 1) s on true
join provider_account a on a.state = 'active' and {SPEAKS}
where i.id = %(identity)s order by a.code limit 1
"""


def _send(session: Session, record_id: UUID, identity_id: UUID) -> bool:
    """Write to somebody who wrote to us within the day, and who did not ask for silence; say whether it leaves."""
    row = fetch_one(session, _WAY, {"record": record_id, "identity": identity_id, "since": clock.now() - OPEN_FOR})
    if row is None or row["is_test"] or row["is_stopped"]:
        return False
    address = read_value(row)
    to = address.removeprefix("+") if row["channel"] == "meta" else address
    letter = replies.write(Reply(_text(row["code"], row["language"])), to)
    replies.send(session, letter, row["account_id"], Keeping(identity_id))
    driver(session).execute(
        "update ciu_contact set untold_record_id = null where identity_id = %s and untold_record_id is not null",
        (identity_id,),
    )
    return True
