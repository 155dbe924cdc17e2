"""The code of a person: found again, or built and kept, within the transaction of the message that asked for it.

The order is what makes it safe. First a lock on the digest of the answers, so that one person on two telephones is one
after the other; then the look-up under every key; then the codes in turn, each taken by its unique index, which waits
for whoever is about to take the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from core import clock, ids
from core.database import Session, driver, fetch_all, fetch_one
from models.ciu import RecordSource
from services.ciu.answers import Answer, hashed_answers
from services.ciu.codes import Issue, build_code, candidates, input_hash, spare_code
from services.ciu.recipes import UNKNOWN, Recipe
from services.ciu.store import pairs
from services.ciu.store.keys import TEST_PREFIX, CiuKeys
from services.ciu.store.people import Person
from services.ciu.store.programmes import Programme
from services.whatsapp.sealing import seal

DAY = timedelta(days=1)
FIRST = 1  # of the people with equal answers
SPARE = "ciu_record"  # where a sealed spare code belongs


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who asks for a code, with which answers, by which version of a recipe."""

    programme: Programme
    person: Person
    recipe: Recipe
    recipe_id: UUID
    language: str
    answers: tuple[Answer, ...]

    @property
    def canonical(self) -> list[str]:
        """The answers as they are compared."""
        return [answer.canonical for answer in self.answers]

    @property
    def space(self) -> str:
        """Where they are compared; rehearsals among themselves."""
        return (TEST_PREFIX if self.person.is_test else "") + self.recipe.space(self.programme.code)


@dataclass(frozen=True, slots=True)
class Issued:
    """What became of it; `record_id` is the record that stands."""

    issue: Issue
    record_id: UUID


def issue(session: Session, keys: CiuKeys, wanted: Wanted) -> Issued | None:
    """Return the person's code, made now if need be; None when this identity was given too many new ones today."""
    digests = keys.match_digests(wanted.space, wanted.canonical)
    if wanted.recipe.questions:
        driver(session).execute(
            "select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"ciu:{digests[keys.oldest].hex()}",)
        )
        known = _find_known(session, wanted, digests) or _claim_imported(session, keys, wanted)
        if known is not None:
            return _again(session, keys, wanted, known, digests)
    if _has_too_many(session, wanted):
        return None
    return _make(session, keys, wanted, digests)


# Who comes back


@dataclass(frozen=True, slots=True)
class _Known:
    id: UUID
    code: str
    is_linked: bool
    is_ambiguous: bool = False
    is_claimed: bool = False


_FIND = """
select coalesce(s.id, r.id) as living_id, m.ordinal,
    exists (select from ciu_record_identity l
            where l.record_id in (r.id, s.id) and l.identity_id = %(identity)s) as is_linked
from ciu_match_key m join ciu_record r on r.id = m.record_id left join ciu_record s on s.id = r.merged_into
where m.space = %(space)s and {digests}
order by is_linked desc, m.ordinal
"""


def _find_known(session: Session, wanted: Wanted, digests: Mapping[int, bytes]) -> _Known | None:
    """Return the record of these answers: the one this identity holds, else the first.

    Where the first was forgotten, the next one is another person's: whoever holds none of them is new, and first.
    """
    found = fetch_all(
        session,
        _FIND.format(digests=_either(digests)),
        {"identity": wanted.person.id, "space": wanted.space, **_numbered(digests)},
    )
    if not found or (found[0]["ordinal"] > FIRST and not found[0]["is_linked"]):
        return None
    first = found[0]
    # Whoever forgets it locks it first: either we come after, or he counts our link.
    living = fetch_one(
        session,
        "select code from ciu_record where id = %s and forgotten_at is null for no key update",
        (first["living_id"],),
    )
    if living is None:
        return None
    is_ambiguous = len({row["living_id"] for row in found}) > 1 and not first["is_linked"]
    return _Known(first["living_id"], living["code"], first["is_linked"], is_ambiguous)


def _either(digests: Mapping[int, bytes]) -> str:
    return "(" + " or ".join(f"(m.key_version = {v:d} and m.digest = %(digest_{v:d})s)" for v in digests) + ")"


def _numbered(digests: Mapping[int, bytes]) -> dict[str, bytes]:
    return {f"digest_{version:d}": digest for version, digest in digests.items()}


def _claim_imported(session: Session, keys: CiuKeys, wanted: Wanted) -> _Known | None:
    """Return the record of an earlier register that this person's answers make, his own from now on."""
    salt = keys.salt_for(is_test=wanted.person.is_test)
    code = None if wanted.recipe.has_draw else build_code(wanted.recipe, wanted.canonical, salt).text
    row = fetch_one(
        session,
        """
        update ciu_record set input_hash = null where id = (
            select r.id from ciu_record r
            where (r.code = %(code)s or r.input_hash = %(hash)s) and r.source <> 'chat' and r.forgotten_at is null
              and r.merged_into is null and r.is_test = %(is_test)s and r.programme_id = %(programme)s
              and not exists (select from ciu_match_key m where m.record_id = r.id)
            order by r.created_at limit 1 for no key update skip locked)
        returning id, code
        """,
        {
            "code": code,
            "hash": input_hash(hashed_answers(wanted.recipe, wanted.answers)),
            "is_test": wanted.person.is_test,
            "programme": wanted.programme.id,
        },
    )
    if row is None:
        return None
    linked = fetch_one(
        session,
        "select 1 from ciu_record_identity where record_id = %s and identity_id = %s",
        (row["id"], wanted.person.id),
    )
    return _Known(row["id"], row["code"], linked is not None, is_claimed=True)


def _again(session: Session, keys: CiuKeys, wanted: Wanted, known: _Known, digests: Mapping[int, bytes]) -> Issued:
    """Give a known code again: link whoever asks, move its digests under the key in use, tell a reviewer if need be."""
    if known.is_claimed:
        _write_spare(session, keys, wanted, known.id)
        _write_match(session, keys, wanted, known.id, digests, ordinal=FIRST)
        pairs.write_keys(session, keys, wanted.recipe, wanted.space, wanted.canonical, known.id)
        _find_near(session, keys, wanted, known.id)
    else:
        _move_digests(session, keys, wanted, digests)
    _link(session, known.id, wanted.person, is_origin=False)
    pairs.note_repeat(
        session,
        known.id,
        wanted.person.id,
        causes=[
            cause
            for cause, is_so in (
                ("claim", known.is_claimed),
                ("ordinal", known.is_ambiguous),
                ("weak", wanted.recipe.weak and not known.is_linked),
                ("unknown", UNKNOWN in wanted.canonical and not known.is_linked),
            )
            if is_so
        ],
    )
    return Issued(Issue(known.code, is_new=False, is_linked=known.is_linked), known.id)


# Who is new


def _has_too_many(session: Session, wanted: Wanted) -> bool:
    if wanted.programme.is_exempt(wanted.person.address):
        return False
    row = fetch_one(
        session,
        """
        select count(*) as number from ciu_record_identity
        where identity_id = %s and is_origin and created_at > %s
        """,
        (wanted.person.id, clock.now() - DAY),
    )
    return row is not None and row["number"] >= wanted.programme.most_new_codes


def _make(session: Session, keys: CiuKeys, wanted: Wanted, digests: Mapping[int, bytes]) -> Issued:
    record_id = ids.new_id()
    code = _take_code(session, keys, wanted, record_id)
    with driver(session).pipeline():
        _link(session, record_id, wanted.person, is_origin=True)
        if wanted.recipe.questions:
            _write_match(session, keys, wanted, record_id, digests, ordinal=FIRST)
            pairs.write_keys(session, keys, wanted.recipe, wanted.space, wanted.canonical, record_id)
    if wanted.recipe.questions:
        _find_near(session, keys, wanted, record_id)
    return Issued(Issue(code, is_new=True, is_linked=False), record_id)


_TAKE_CODE = """
insert into ciu_record (id, created_at, code, programme_id, recipe_id, first_identity_id, salt_fingerprint, ordinal,
    language, source, spare_enc, is_test)
select %(id)s, %(now)s, %(code)s, %(programme)s, %(recipe)s, %(identity)s, %(salt)s, 1, %(language)s, %(source)s,
    %(spare)s, %(is_test)s
where not exists (select from ciu_reserved_code where digest = any(%(reserved)s))
on conflict (code, is_test) do nothing
"""


def _take_code(session: Session, keys: CiuKeys, wanted: Wanted, record_id: UUID) -> str:
    """Keep the first code that nobody has or had; two who try the same wait for each other."""
    is_test, spare = wanted.person.is_test, _sealed_spare(keys, wanted, record_id)
    for code in candidates(wanted.recipe, wanted.canonical, keys.salt_for(is_test=is_test)):
        taken = driver(session).execute(
            _TAKE_CODE,
            {
                "id": record_id,
                "now": clock.now(),
                "code": code,
                "programme": wanted.programme.id,
                "recipe": wanted.recipe_id,
                "identity": wanted.person.id,
                "salt": keys.salt_fingerprint,
                "language": wanted.language,
                "source": RecordSource.CHAT,
                "spare": spare,
                "is_test": is_test,
                "reserved": [*keys.code_digests(code, is_test=is_test).values()],
            },
        )
        if taken.rowcount:
            return code
    raise ArithmeticError("two persons with one SHA-256")


def spare_context(record_id: UUID) -> str:
    """Return the place a record's spare code is sealed for."""
    return f"{SPARE}:{record_id}"


def _sealed_spare(keys: CiuKeys, wanted: Wanted, record_id: UUID) -> bytes | None:
    if not wanted.recipe.questions:
        return None
    spare = spare_code(wanted.recipe, wanted.canonical, keys.salt_for(is_test=wanted.person.is_test))
    return seal(spare, spare_context(record_id))


# What stays of it


def _link(session: Session, record_id: UUID, person: Person, *, is_origin: bool) -> None:
    now = clock.now()
    driver(session).execute(
        """
        insert into ciu_record_identity as l (id, created_at, record_id, identity_id, is_origin, last_at, times)
        values (%s, %s, %s, %s, %s, %s, 1)
        on conflict (record_id, identity_id) do update set last_at = excluded.last_at, times = l.times + 1
        """,
        (ids.new_id(), now, record_id, person.id, is_origin, now),
    )
    driver(session).execute(
        "update ciu_record set first_identity_id = %s where id = %s and first_identity_id is null",
        (person.id, record_id),
    )


def _write_spare(session: Session, keys: CiuKeys, wanted: Wanted, record_id: UUID) -> None:
    """Keep what an imported record lacks until its person's answers are known."""
    driver(session).execute(
        "update ciu_record set recipe_id = coalesce(recipe_id, %s), spare_enc = %s where id = %s",
        (wanted.recipe_id, _sealed_spare(keys, wanted, record_id), record_id),
    )


def _write_match(
    session: Session, keys: CiuKeys, wanted: Wanted, record_id: UUID, digests: Mapping[int, bytes], *, ordinal: int
) -> None:
    version = keys.newest
    driver(session).execute(
        "insert into ciu_match_key (id, created_at, record_id, space, key_version, digest, ordinal)"
        " values (%s, %s, %s, %s, %s, %s, %s)",
        (ids.new_id(), clock.now(), record_id, wanted.space, version, digests[version], ordinal),
    )


def _move_digests(session: Session, keys: CiuKeys, wanted: Wanted, digests: Mapping[int, bytes]) -> None:
    """Write the digests of a person who came back anew, under the key in use."""
    version = keys.newest
    older = {known: digest for known, digest in digests.items() if known != version}
    if not older:
        return
    moved = fetch_all(
        session,
        f"""
        update ciu_match_key m set key_version = %(version)s, digest = %(digest)s
        where m.space = %(space)s and {_either(older)} returning m.record_id
        """,
        {"version": version, "digest": digests[version], "space": wanted.space, **_numbered(older)},
    )
    for row in moved:
        driver(session).execute(
            "delete from ciu_near_key where record_id = %s and space = %s", (row["record_id"], wanted.space)
        )
        pairs.write_keys(session, keys, wanted.recipe, wanted.space, wanted.canonical, row["record_id"])


def _find_near(session: Session, keys: CiuKeys, wanted: Wanted, record_id: UUID) -> None:
    if not wanted.recipe.near:
        return
    search = pairs.Search(record_id, wanted.space, wanted.canonical, wanted.programme.review_score)
    pairs.find(session, keys, wanted.recipe, search)
