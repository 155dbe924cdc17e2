"""Which account speaks for a number of ours: said here, for whoever asks."""

from uuid import UUID

from core.database import Session, fetch_one

# Whether the account `a` is that of the number `s`.
SPEAKS = """(
    (s.channel = 'meta' and a.adapter = 'meta_whatsapp' and a.settings ->> 'phone_number_id' = s.address)
    or (s.channel = 'twilio' and a.adapter = 'twilio_whatsapp'
        and replace(a.settings ->> 'from', 'whatsapp:', '') = s.address))"""


def find_account(session: Session, sender_id: UUID) -> UUID | None:
    """Return the account over which a number of ours speaks, an active one first."""
    row = fetch_one(
        session,
        f"""
        select a.id from whatsapp_sender s join provider_account a on {SPEAKS}
        where s.id = %s and a.state <> 'retired' order by a.state = 'active' desc, a.code limit 1
        """,
        (sender_id,),
    )
    return row["id"] if row else None
