"""Lint: what is wrong with a document before it meets a phone (`docs/ussd.md`, 5.5). Errors block publishing.

`lint` is the one door. Each rule is a function from a flow and its facts to findings; the files group them by what they
look at: the graph, the words, the names, the money.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from channels.flow import parse_flow
from channels.lint import graph, money, names, words
from channels.lint.findings import Facts, Finding
from core.i18n import t

__all__ = ["Facts", "Finding", "lint"]

_RULES = (
    graph.reach,
    graph.dead_ends,
    graph.exits,
    graph.spins,
    graph.repeats,
    graph.goals,
    graph.depth,
    words.keys,
    words.languages,
    words.lengths,
    words.alphabet,
    words.error_lines,
    names.variables,
    names.actions,
    names.secrets,
    names.errors,
    money.money,
    money.tariffs,
)


def lint(body: Mapping[str, Any], facts: Facts) -> list[Finding]:
    """Return every finding on a document, by rule, then by screen. A document that does not parse gets L01 alone."""
    try:
        flow = parse_flow(body)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        return [Finding("L01", ".".join(map(str, each["loc"])) or "document", _say(each)) for each in problems]
    lost = graph.targets(flow)
    if lost:
        return lost
    found = [finding for rule in _RULES for finding in rule(flow, facts)]
    return sorted(found, key=lambda finding: (finding.rule, finding.screen, finding.message))


def _say(problem: Mapping[str, Any]) -> str:
    """Say what a field lacks; what our own validators say is said in French already."""
    match problem["type"]:
        case "missing":
            return t("champ obligatoire")
        case "extra_forbidden":
            return t("champ inconnu")
        case "value_error":
            return t(str(problem["ctx"]["error"]))
    return t("valeur refusée ({problem})").format(problem=problem["msg"])
