"""Who may be one person under two codes: found by how the answers sound, decided by a person, never by us."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from psycopg.types.json import Jsonb

from core import clock, ids
from core.database import Session, driver, fetch_all
from services.ciu.matching import near_digests, score
from services.ciu.recipes import Recipe
from services.ciu.store.keys import CiuKeys

MOST_FOUND = 200
REPEAT_SCORE = 60

_FIND = """
select n.record_id, n.label, exists (
    select from ciu_record_identity a join ciu_record_identity b on b.identity_id = a.identity_id
    where a.record_id = n.record_id and b.record_id = %(record)s) as is_same_identity
from ciu_near_key n
where n.digest = any(%(digests)s) and n.space = %(space)s and n.record_id <> %(record)s limit %(most)s
"""
_PAIR = """
insert into ciu_pair (id, created_at, left_id, right_id, identity_id, cause, score, evidence, is_same_identity, state,
    reason)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, 'open', '')
on conflict (left_id, right_id, identity_id, cause) do nothing
"""


@dataclass(frozen=True, slots=True)
class Search:
    """A record whose neighbours are looked for, and from which score on they are shown."""

    record_id: UUID
    space: str
    canonical: Sequence[str]
    least_score: int


def write_keys(  # what a digest is made of, and whose it is
    session: Session, keys: CiuKeys, recipe: Recipe, space: str, canonical: Sequence[str], record_id: UUID
) -> None:
    """Keep the digests of how somebody's answers sound, under the key in use."""
    if not recipe.near:
        return
    version = keys.newest
    digests = near_digests(keys.match[version], recipe, space, canonical)
    with driver(session).cursor() as cursor:
        cursor.executemany(
            "insert into ciu_near_key (id, created_at, record_id, space, key_version, label, digest)"
            " values (%s, %s, %s, %s, %s, %s, %s)",
            [
                (ids.new_id(), clock.now(), record_id, space, version, label, digest)
                for label, digest in digests.items()
            ],
        )


def find(session: Session, keys: CiuKeys, recipe: Recipe, search: Search) -> int:
    """Put the records that may be the same person's in the queue; return how many."""
    digests = [
        digest
        for key in keys.match.values()
        for digest in near_digests(key, recipe, search.space, search.canonical).values()
    ]
    found = fetch_all(
        session,
        _FIND,
        {"digests": digests, "space": search.space, "record": search.record_id, "most": MOST_FOUND},
    )
    labels: dict[UUID, set[str]] = defaultdict(set)
    same = {row["record_id"] for row in found if row["is_same_identity"]}
    for row in found:
        labels[row["record_id"]].add(row["label"])
    queued = 0
    for other, evidence in labels.items():
        sure = score(recipe, evidence, is_same_identity=other in same)
        if sure >= search.least_score:
            left, right = sorted((other, search.record_id))
            queued += _note(session, left, right, None, "near", sure, sorted(evidence), is_same=other in same)
    return queued


def note_repeat(session: Session, record_id: UUID, identity_id: UUID, causes: Sequence[str]) -> None:
    """Put one record that two identities gave the answers of in the queue, for each cause."""
    for cause in causes:
        _note(session, record_id, None, identity_id, cause, REPEAT_SCORE, [], is_same=False)


def note_by_hand(session: Session, record_id: UUID, identity_id: UUID, cause: str) -> UUID | None:
    """Return the pair of a record and one of those who hold it, waiting; None when that address does not hold it."""
    held = fetch_all(
        session,
        "select 1 from ciu_record_identity where record_id = %s and identity_id = %s for update",
        (record_id, identity_id),
    )
    if not held:
        return None
    _note(session, record_id, None, identity_id, cause, REPEAT_SCORE, [], is_same=False)
    found = fetch_all(
        session,
        "select id from ciu_pair where left_id = %s and right_id is null and identity_id = %s and cause = %s",
        (record_id, identity_id, cause),
    )
    return found[0]["id"] if found else None


def _note(  # one row, by column
    session: Session,
    left: UUID,
    right: UUID | None,
    identity: UUID | None,
    cause: str,
    sure: int,
    evidence: list[str],
    *,
    is_same: bool,
) -> int:
    made = driver(session).execute(
        _PAIR, (ids.new_id(), clock.now(), left, right, identity, cause, sure, Jsonb(evidence), is_same)
    )
    return made.rowcount
