"""Anonymous health identifiers: recipes as data, answers, codes, matching.

Everything here is pure: the same input gives the same output, drawn codes apart. What is kept, and where, is the
business of whoever calls.
"""

from services.ciu.answers import Answer, AnswerRefusedError, hashed_answers, read_answer
from services.ciu.codes import Code, build_code, candidates, clear_part, input_hash, read_code, readable_share
from services.ciu.identities import Identity, read_identity
from services.ciu.lint import Finding, find_faults
from services.ciu.matching import (
    QUEUE_SCORE,
    code_digest,
    identity_digest,
    label_scores,
    match_digest,
    near_digests,
    read_match_keys,
    score,
)
from services.ciu.recipes import SHIPPED, Recipe, parse_recipe, shipped
from services.ciu.salts import SaltFault, find_salt_fault, make_salt
from services.ciu.simulator import Simulation, simulate
from services.ciu.texts import Choice, Reply, Say, compose, render

__all__ = [
    "QUEUE_SCORE",
    "SHIPPED",
    "Answer",
    "AnswerRefusedError",
    "Choice",
    "Code",
    "Finding",
    "Identity",
    "Recipe",
    "Reply",
    "SaltFault",
    "Say",
    "Simulation",
    "build_code",
    "candidates",
    "clear_part",
    "code_digest",
    "compose",
    "find_faults",
    "find_salt_fault",
    "hashed_answers",
    "identity_digest",
    "input_hash",
    "label_scores",
    "make_salt",
    "match_digest",
    "near_digests",
    "parse_recipe",
    "read_answer",
    "read_code",
    "read_identity",
    "read_match_keys",
    "readable_share",
    "render",
    "score",
    "shipped",
    "simulate",
]
