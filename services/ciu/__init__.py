"""Anonymous health identifiers: recipes as data, answers, codes, matching, and the conversation that asks for them.

Everything here is pure: the same input gives the same output, drawn codes apart. What is kept, and where, is the
business of whoever calls.
"""

from services.ciu.answers import Answer, AnswerRefusedError, hashed_answers, read_answer
from services.ciu.codes import Code, build_code, candidates, clear_part, input_hash, read_code, readable_share
from services.ciu.conversation import (
    Aside,
    Ended,
    EndReason,
    Event,
    Issue,
    Message,
    Page,
    Rules,
    Run,
    State,
    Turn,
    Wish,
    pack_answers,
    unpack_answers,
)
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
from services.ciu.suppression import Suppressed, suppress
from services.ciu.texts import Choice, Reply, Say, compose, render
from services.ciu.turns import expire, settle_issue, take_turn

__all__ = [
    "QUEUE_SCORE",
    "SHIPPED",
    "Answer",
    "AnswerRefusedError",
    "Aside",
    "Choice",
    "Code",
    "EndReason",
    "Ended",
    "Event",
    "Finding",
    "Identity",
    "Issue",
    "Message",
    "Page",
    "Recipe",
    "Reply",
    "Rules",
    "Run",
    "SaltFault",
    "Say",
    "Simulation",
    "State",
    "Suppressed",
    "Turn",
    "Wish",
    "build_code",
    "candidates",
    "clear_part",
    "code_digest",
    "compose",
    "expire",
    "find_faults",
    "find_salt_fault",
    "hashed_answers",
    "identity_digest",
    "input_hash",
    "label_scores",
    "make_salt",
    "match_digest",
    "near_digests",
    "pack_answers",
    "parse_recipe",
    "read_answer",
    "read_code",
    "read_identity",
    "read_match_keys",
    "readable_share",
    "render",
    "score",
    "settle_issue",
    "shipped",
    "simulate",
    "suppress",
    "take_turn",
    "unpack_answers",
]
