"""Who comes back, and who may be the same person: keyed digests of the answers, and what they prove together.

A digest compares only within its space, `<programme>:<canon>`, and under its key.
"""

import base64
import hmac
from collections.abc import Iterable, Mapping, Sequence

from services.ciu.folding import phonetic
from services.ciu.recipes import Kind, Recipe

KEY_SIZE_BYTES = 32
QUEUE_SCORE = 60  # from here on a person looks at the pair
SAME_IDENTITY_BONUS, HIGHEST_SCORE = 10, 99

ALL = "all"
WITHOUT = "without:"

_SPELLING_SCORE = 90
_SCORES = {Kind.YEAR: 75, Kind.DAY: 75, Kind.PLACE: 70, Kind.NAME: 55}
_OTHER_SCORE = 55
_SOUNDING = frozenset({Kind.NAME, Kind.PLACE})


def read_match_keys(text: str) -> dict[int, bytes]:
    """Read `CIU_MATCH_KEYS`, `1:<base64url of 32 bytes>,2:…`, in order of version; the highest one writes."""
    keys: dict[int, bytes] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        version, _, encoded = part.partition(":")
        try:
            key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
        except ValueError:
            key = b""
        if not version.isdecimal() or int(version) in keys or len(key) != KEY_SIZE_BYTES:
            raise ValueError("CIU_MATCH_KEYS attend version:clé, 32 octets en base64url, chaque version une fois")
        keys[int(version)] = key
    return dict(sorted(keys.items()))


def framed(canonical: Sequence[str]) -> bytes:
    """Return answers so that no two lists meet: each after its length in UTF-8, two bytes, big-endian."""
    octets = [answer.encode() for answer in canonical]
    return b"".join(len(one).to_bytes(2, "big") + one for one in octets)


def match_digest(key: bytes, space: str, canonical: Sequence[str]) -> bytes:
    """Return the digest by which a person with these answers is found again."""
    return _digest(key, b"palabre-ciu-match", space.encode(), framed(canonical))


def identity_digest(key: bytes, identity: str) -> bytes:
    """Return the digest by which an encrypted identity, `phone:+243…` or `user_id:CD.…`, is looked up."""
    return _digest(key, b"palabre-ciu-identity", identity.encode())


def code_digest(key: bytes, code: str) -> bytes:
    """Return the digest that keeps a forgotten person's code from being given to another."""
    return _digest(key, b"palabre-ciu-code", code.encode())


def sounding(recipe: Recipe, canonical: Sequence[str]) -> list[str]:
    """Return the answers as they sound: names and places; all others unchanged."""
    pairs = zip(recipe.questions, canonical, strict=True)
    return [phonetic(answer) if question.kind in _SOUNDING else answer for question, answer in pairs]


def near_digests(key: bytes, recipe: Recipe, space: str, canonical: Sequence[str]) -> dict[str, bytes]:
    """Return the digests by label: `all`, and `without:<question>` for each answer left out."""
    heard = sounding(recipe, canonical)
    lists = {ALL: heard} | {
        f"{WITHOUT}{question.id}": heard[:place] + heard[place + 1 :] for place, question in enumerate(recipe.questions)
    }
    return {
        label: _digest(key, b"palabre-ciu-near", space.encode(), label.encode(), framed(answers))
        for label, answers in lists.items()
    }


def score(recipe: Recipe, equal_labels: Iterable[str], *, is_same_identity: bool) -> int:
    """Return how surely two records with different match keys are one person, 0 to 99.

    Twins of one mother score 55, or 65 on one phone: whoever decides is told so.
    """
    scores = label_scores(recipe)
    highest = max((scores.get(label, 0) for label in equal_labels), default=0)
    return min(highest + SAME_IDENTITY_BONUS * (is_same_identity and highest > 0), HIGHEST_SCORE)


def label_scores(recipe: Recipe) -> Mapping[str, int]:
    """Return what each label proves alone."""
    return {ALL: _SPELLING_SCORE} | {
        f"{WITHOUT}{question.id}": _SCORES.get(question.kind, _OTHER_SCORE) for question in recipe.questions
    }


def _digest(key: bytes, *parts: bytes) -> bytes:
    return hmac.digest(key, b"\0".join(parts), "sha256")
