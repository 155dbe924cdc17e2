"""Codes that are one person's by a reviewer's word: which stands for which follows from the decisions in force.

A decision joins one record to another (`merged_id` to `survivor_id`); one that was taken back joins the record it had
made for a second person to where that came from. What they say together is written in `merged_into`, so that a person
who comes back is led there in one step. Nothing else writes it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from core.database import Session, driver, fetch_all

_FAMILY = """
with recursive edge (child, parent) as (
    select merged_id, survivor_id from ciu_pair where merged_id is not null and state = 'same'
    union all
    select split_id, left_id from ciu_pair where split_id is not null and state <> 'two'
), family (id) as (
    select unnest(%(ids)s::uuid[])
    union
    select case when e.child = f.id then e.parent else e.child end
    from family f join edge e on e.child = f.id or e.parent = f.id
)
select f.id, e.parent from family f left join edge e on e.child = f.id
"""


@dataclass(frozen=True, slots=True)
class Family:
    """Records that decisions join, each with the one it was joined to, if any."""

    parents: dict[UUID, UUID | None]

    def root(self, record_id: UUID) -> UUID:
        """Return the record that stands for another."""
        while (parent := self.parents.get(record_id)) is not None:
            record_id = parent
        return record_id

    def below(self, record_id: UUID) -> list[UUID]:
        """Return a record and all that were joined to it, directly or not."""
        found = [record_id]
        for one in found:
            found += [child for child, parent in self.parents.items() if parent == one]
        return found


def lock_family(session: Session, record_ids: Iterable[UUID]) -> Family:
    """Return everything that decisions join to these records, locked in one order."""
    wanted = [*record_ids]
    driver(session).execute("select 1 from ciu_record where id = any(%s) order by id for update", (wanted,))
    family = _read(session, wanted)
    others = [one for one in family.parents if one not in wanted]
    driver(session).execute("select 1 from ciu_record where id = any(%s) order by id for update", (others,))
    return family


def settle(session: Session, record_ids: Iterable[UUID]) -> None:
    """Write which record stands for each of these and of those joined to them, by the decisions in force now."""
    family = _read(session, [*record_ids])
    for record_id in family.parents:
        root = family.root(record_id)
        driver(session).execute(
            "update ciu_record set merged_into = %(root)s where id = %(id)s and merged_into is distinct from %(root)s",
            {"id": record_id, "root": None if root == record_id else root},
        )


def _read(session: Session, record_ids: list[UUID]) -> Family:
    rows = fetch_all(session, _FAMILY, {"ids": record_ids})
    return Family({row["id"]: row["parent"] for row in rows})
