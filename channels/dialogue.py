"""A dialogue between two turns, and what one turn answers."""

import hmac
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from core.security import get_keys

DOTS = "•••••"


@dataclass(slots=True)
class Dialogue:
    """What a session keeps from turn to turn; mutable, and written back whole when the turn closes.

    `scratch` is the engine's own: rows shown, slots (MACs of secrets), what the confirm screen showed, the resume
    point, the stack of sub-flows. It holds no secret, and is dropped when the session ends.
    """

    session_id: UUID
    version_id: UUID | None = None
    screen: str = ""
    page: int = 1
    visit: int = 0
    data: dict[str, Any] = field(default_factory=dict)
    scratch: dict[str, Any] = field(default_factory=dict)
    refusals: int = 0
    language: str = ""
    goal: str = ""
    has_committed: bool = False
    moved_id: UUID | None = None
    seen_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """The screen that leaves. `consumed` says of each answer used whether it was a secret; `redacted` shows them.

    `keys` are those of the options and movements this page shows; `waits_for_text` says that something is to be typed.
    """

    text: str
    coding: str
    size: int
    has_more: bool
    screen: str
    refusal: str = ""
    goal: str = ""
    operation_id: UUID | None = None
    is_secret_next: bool = False
    consumed: tuple[bool, ...] = ()
    redacted: str = ""
    keys: tuple[str, ...] = ()
    waits_for_text: bool = False


class FlowDefectError(Exception):
    """A flow did what lint forbids, or its version lacks what the dialogue stands on: nothing of the turn may stand."""


def digest_slot(session_id: UUID, slot: str, secret: str) -> str:
    """Return the keyed digest under which a session's scratch remembers a secret: useless without the pepper."""
    pepper = next(iter(get_keys().peppers.values()))
    return _digest(pepper, session_id, slot, secret)


def is_slot(kept: object, session_id: UUID, slot: str, secret: str) -> bool:
    """Say whether `secret` is the one the digest `kept` was made of, under any pepper still in use."""
    return isinstance(kept, str) and any(
        hmac.compare_digest(kept, _digest(pepper, session_id, slot, secret)) for pepper in get_keys().peppers.values()
    )


def _digest(pepper: bytes, session_id: UUID, slot: str, secret: str) -> str:
    message = session_id.bytes + slot.encode() + b"\0" + secret.encode("utf-8", "surrogatepass")
    return hmac.digest(pepper, message, "sha256").hex()
