"""The rules that imports cannot say. Each has its reason, the one place that may break it, and a sample that does."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

MOST_FILE_LINES = 400
MOST_FUNCTION_LINES = 70
ROOMS = frozenset(
    {"core", "models", "providers", "services", "reports", "channels", "ui", "api", "jobs", "commands", "main.py"}
)
CLOCKS = {
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "time": {"time", "time_ns", "strftime", "localtime", "gmtime", "ctime"},
}
STATE_COLUMNS = frozenset({"state", "status", "stage"})
LEDGER_ROWS = frozenset({"LedgerAccount", "LedgerTransaction", "LedgerEntry", "LedgerSnapshot", "LedgerSeal"})
LEDGER_WRITE = re.compile(r"\b(insert\s+into|update|delete\s+from|truncate)\s+ledger_", re.IGNORECASE)
UNFINISHED = re.compile(r"\b(?:TO[D]O|FIX[M]E|X[X]X)\b")
MACHINE_PATH = re.compile(r"(?<![\w.~}])/(?:home|root|work|Users)/\w")

Finder = Callable[[str], Iterator[int]]


@dataclass(frozen=True)
class Rule:
    """`find` yields the lines that break it in a file's text; `sample` breaks it on its only interesting line."""

    name: str
    reason: str
    find: Finder
    sample: str
    allowed: frozenset[str] = frozenset()
    is_for_rooms_only: bool = True

    def concerns(self, path: PurePosixPath) -> bool:
        """Say whether the rule holds in the file at `path`, relative to the project."""
        if str(path) in self.allowed:
            return False
        return not self.is_for_rooms_only or (path.parts[0] in ROOMS and path.suffix == ".py")


def in_syntax(matches: Callable[[ast.AST], bool]) -> Finder:
    """Look at every node of the syntax tree."""

    def find(text: str) -> Iterator[int]:
        for node in ast.walk(ast.parse(text)):
            if matches(node):
                yield getattr(node, "lineno", 1)

    return find


def in_lines(pattern: re.Pattern[str]) -> Finder:
    """Look at every line of the text."""

    def find(text: str) -> Iterator[int]:
        for number, line in enumerate(text.splitlines(), start=1):
            if pattern.search(line):
                yield number

    return find


def ends_a_transaction(node: ast.AST) -> bool:
    """Match `….commit()` and `….rollback()`."""
    return (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"commit", "rollback"}
    )


def writes_the_ledger(node: ast.AST) -> bool:
    """Match SQL that writes a ledger table, and a ledger row made by hand."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return LEDGER_WRITE.search(node.value) is not None
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in LEDGER_ROWS


def changes_a_state(node: ast.AST) -> bool:
    """Match `row.state = …` and `setattr(row, "state", …)`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "setattr":
        return isinstance(node.args[1], ast.Constant) and node.args[1].value in STATE_COLUMNS
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AugAssign) else []
    return any(isinstance(target, ast.Attribute) and target.attr in STATE_COLUMNS for target in targets)


def reads_the_time(node: ast.AST) -> bool:
    """Match the clocks of the standard library, but for the monotonic ones."""
    if not isinstance(node, ast.Attribute):
        return False
    owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
    return node.attr in CLOCKS.get(owner, ())


def declares_a_page(node: ast.AST) -> bool:
    """Match `ui.page`."""
    return (
        isinstance(node, ast.Attribute)
        and node.attr == "page"
        and isinstance(node.value, ast.Name)
        and node.value.id == "ui"
    )


def is_a_long_function(node: ast.AST) -> bool:
    """Match a function of too many lines."""
    return (
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= MOST_FUNCTION_LINES
    )


def past_the_last_line(text: str) -> Iterator[int]:
    """Yield the first line that is one too many."""
    if len(text.splitlines()) > MOST_FILE_LINES:
        yield MOST_FILE_LINES + 1


RULES = (
    Rule(
        "only core.database ends a transaction",
        "One request, one transaction, committed at the door: half of a verb must never be kept.",
        in_syntax(ends_a_transaction),
        "session.commit()",
        frozenset({"core/database.py"}),
    ),
    Rule(
        "only services.ledger writes the ledger",
        "A franc that moves elsewhere moves without its other half.",
        in_syntax(writes_the_ledger),
        "session.add(LedgerEntry(amount=5))",
        frozenset({"services/ledger.py"}),
    ),
    Rule(
        "only core.states changes a state",
        "A step that the table of steps does not know is a bug that nobody sees.",
        in_syntax(changes_a_state),
        "row.state = 'paid'",
        frozenset({"core/states.py"}),
    ),
    Rule(
        "only core.clock reads the time",
        "Tests and vectors move that clock; a second one would make dates that disagree.",
        in_syntax(reads_the_time),
        "moment = datetime.now(UTC)",
        frozenset({"core/clock.py"}),
    ),
    Rule(
        "only ui.shell declares a page",
        "A page declared elsewhere is drawn before anybody asked who is looking.",
        in_syntax(declares_a_page),
        "@ui.page('/')\ndef home(): ...",
        frozenset({"ui/shell.py"}),
    ),
    Rule(
        f"a function has at most {MOST_FUNCTION_LINES} lines",
        "What does not fit on a screen is not read whole.",
        in_syntax(is_a_long_function),
        "def long():\n" + "    pass\n" * MOST_FUNCTION_LINES,
        is_for_rooms_only=False,
    ),
    Rule(
        f"a file has at most {MOST_FILE_LINES} lines",
        "A longer one is two nouns: it becomes a folder of the same name.",
        past_the_last_line,
        "\n" * (MOST_FILE_LINES + 1),
        is_for_rooms_only=False,
    ),
    Rule(
        "nothing is left for later",
        "What is not built is an issue, not a comment.",
        in_lines(UNFINISHED),
        "# TO" + "DO: later",
        is_for_rooms_only=False,
    ),
    Rule(
        "no path of somebody's machine",
        "It works there only.",
        in_lines(MACHINE_PATH),
        "/home" + "/awa/palabre",
        is_for_rooms_only=False,
    ),
)
