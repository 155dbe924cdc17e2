"""Guards: what must still be true in the second a message leaves; a reminder of what was paid since is cancelled."""

from collections.abc import Callable, Mapping
from typing import Any

from core.database import Session, fetch_one
from models.notices import NoticeState
from models.transfers import OPEN_TRANSFERS

Guard = Callable[[Session, Mapping[str, Any]], bool]

_guards: dict[str, Guard] = {}


def register(name: str, guard: Guard) -> None:
    """Let messages name a guard; it gets the session and the row of `message`, and says whether it may leave."""
    _guards[name] = guard


def find(name: str) -> Guard:
    """Return a guard; a message that names none always may leave."""
    return _guards[name or "always"]


def _is_always(_session: Session, _message: Mapping[str, Any]) -> bool:
    return True


def _is_transfer_open(session: Session, message: Mapping[str, Any]) -> bool:
    """Say whether the transfer of `data.transfer_id` is still not known; nobody is told to wait for what has ended."""
    row = fetch_one(session, "select state from transfer where id = %s", (message["data"].get("transfer_id"),))
    return row is not None and row["state"] in OPEN_TRANSFERS


def _is_notice_going_out(session: Session, message: Mapping[str, Any]) -> bool:
    """Say whether the notice of `data.notice_id` was not stopped meanwhile."""
    row = fetch_one(session, "select state from notice where id = %s", (message["data"].get("notice_id"),))
    return row is not None and row["state"] in {NoticeState.SENDING, NoticeState.SENT}


register("always", _is_always)
register("transfer_still_open", _is_transfer_open)
register("notice_going_out", _is_notice_going_out)
