"""The trail of three months: who signed in, what was changed."""

import json
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from commands.demo.chance import Chance
from commands.demo.history import SUSPENDED_BEFORE
from commands.demo.people import STAFF, Subscriber
from commands.demo.rhythm import DAYS
from core.permissions import Role
from core.phone import mask_phone
from models.users import UserState

_SIGN_IN_SHARE = 0.55
_SATURDAY = 5


def draw_trail(
    chance: Chance, now: datetime, staff: list[UUID], people: list[Subscriber]
) -> tuple[list[tuple[Any, ...]], dict[UUID, datetime]]:
    """Draw the audit entries, ascending, and when each colleague signed in last."""
    rows: list[tuple[Any, ...]] = []
    last_seen: dict[UUID, datetime] = {}

    def add(moment: datetime, who: int, action: str, subject: tuple[str, UUID], changes: dict[str, Any]) -> None:
        name = f"{STAFF[who].first_name} {STAFF[who].last_name}"
        address = f"10.20.{who}.{chance.randint(2, 40)}"
        rows.append((
            chance.id_at(moment), moment, staff[who], name, action, subject[0], str(subject[1]), "",
            json.dumps(changes), address, False,
        ))  # fmt: skip

    working = [place for place, colleague in enumerate(STAFF) if colleague.role is not Role.MEMBRE]
    for day in range(DAYS, -1, -1):
        date = (now - timedelta(days=day)).date()
        for who in working:
            moment = datetime.combine(date, time(7, tzinfo=UTC)) + timedelta(minutes=chance.uniform(0, 150))
            if date.weekday() < _SATURDAY and moment < now and chance.is_true(_SIGN_IN_SHARE):
                add(moment, who, "user.sign_in", ("user", staff[who]), {})
                last_seen[staff[who]] = moment
    for person in people:
        if person.joined_at > now - timedelta(days=DAYS):
            rows.append((
                chance.id_at(person.joined_at), person.joined_at, None, mask_phone(person.phone), "subscriber.register",
                "user", str(person.user_id), person.place.currency, "{}", "", False,
            ))  # fmt: skip
        if person.state is UserState.SUSPENDED:
            change = {"state": [UserState.ACTIVE, UserState.SUSPENDED]}
            add(now - SUSPENDED_BEFORE, 1, "subscriber.suspend", ("user", person.user_id), change)
    return sorted(rows, key=lambda row: row[1]), last_seen
