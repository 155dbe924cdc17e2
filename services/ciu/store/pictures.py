"""QR codes: a picture of the code alone, at an address that says nothing and soon leads nowhere."""

import io
import secrets
from datetime import timedelta
from uuid import UUID

import segno

from core import clock, ids
from core.database import Session, driver, fetch_one
from core.security import digest_token
from core.settings import get_settings

LIFE = timedelta(minutes=10)
MOST_FETCHES = 5
TOKEN_SIZE_BYTES = 16
SCALE = 10


def make_address(session: Session, record_id: UUID) -> str:
    """Return an address for the picture of a code, good for ten minutes and five looks."""
    token = secrets.token_urlsafe(TOKEN_SIZE_BYTES)
    driver(session).execute(
        "insert into ciu_qr_token (id, created_at, digest, record_id, expires_at, fetches)"
        " values (%s, %s, %s, %s, %s, 0)",
        (ids.new_id(), clock.now(), digest_token(token), record_id, clock.now() + LIFE),
    )
    base = get_settings().public_base_url.split(",")[0].strip().rstrip("/")
    return f"{base}/whatsapp/qr/{token}.png"


def fetch(session: Session, token: str) -> bytes | None:
    """Return the picture behind an address, None when it is not or no longer one."""
    row = fetch_one(
        session,
        """
        update ciu_qr_token t set fetches = fetches + 1 from ciu_record r
        where t.digest = %s and t.expires_at > %s and t.fetches < %s and r.id = t.record_id and r.code is not null
        returning r.code
        """,
        (digest_token(token), clock.now(), MOST_FETCHES),
    )
    return None if row is None else draw(row["code"])


def draw(code: str) -> bytes:
    """Return the PNG of a code, error correction M."""
    picture = io.BytesIO()
    segno.make(code, error="m", micro=False, boost_error=False).save(picture, kind="png", scale=SCALE)
    return picture.getvalue()
