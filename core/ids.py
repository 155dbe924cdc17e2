"""Identifiers: UUID version 7 (RFC 9562) for rows, Crockford base 32 for what people read aloud."""

import secrets
from datetime import datetime
from uuid import UUID

import uuid_utils
from uuid_utils import compat

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id() -> UUID:
    """Return a fresh UUIDv7: unique, and ordered by the time of its making."""
    return compat.uuid7()


def id_at(moment: datetime) -> UUID:
    """Return a UUIDv7 as if made at `moment`, for history that is written afterwards."""
    return UUID(int=uuid_utils.uuid7(nanoseconds=int(moment.timestamp() * 1_000_000) * 1_000).int)


def parse_id(text: str) -> UUID | None:
    """Read an id of a URL; None when it is none of ours, so that a malformed id is an unknown id."""
    try:
        return UUID(text)
    except ValueError:
        return None


def reference(prefix: str, length: int = 6) -> str:
    """Return `XX-` and random Crockford characters: no I, L, O, U, so that it survives a telephone."""
    return f"{prefix}-" + "".join(secrets.choice(CROCKFORD) for _ in range(length))
