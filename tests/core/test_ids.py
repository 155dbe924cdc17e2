"""Identifiers: unique, ordered, and readable aloud."""

from datetime import UTC, datetime
from uuid import UUID

from core.ids import CROCKFORD, id_at, new_id, parse_id, reference


def test_ids_are_version_7_unique_and_in_the_order_of_their_making() -> None:
    made = [new_id() for _ in range(1_000)]
    assert len(set(made)) == 1_000
    assert made == sorted(made)
    assert {identifier.version for identifier in made} == {7}


def test_an_id_of_history_carries_its_moment() -> None:
    moment = datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=UTC)
    made = id_at(moment)
    assert made.version == 7
    assert made.int >> 80 == int(moment.timestamp() * 1_000)
    assert made < new_id()
    assert isinstance(made, UUID)


def test_a_malformed_id_is_an_unknown_id() -> None:
    made = new_id()
    assert parse_id(str(made)) == made
    for text in ("", "12", "x" * 36, "../etc"):
        assert parse_id(text) is None


def test_a_reference_survives_a_telephone() -> None:
    made = {reference("PP") for _ in range(200)}
    assert len(made) == 200
    for text in made:
        prefix, _, body = text.partition("-")
        assert (prefix, len(body)) == ("PP", 6)
        assert set(body) <= set(CROCKFORD)
        assert not set(body) & set("ILOU")
