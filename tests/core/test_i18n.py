"""Texts: French in the source, English for each of them, the same blanks to fill in both."""

import ast
import importlib
import pkgutil
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

import core
from core import i18n
from core.errors import InvalidInput, NotFound, Refusal, TooManyTries, WrongState
from core.i18n import t

ROOT = Path(i18n.__file__).parent.parent
ROOMS = ("core", "models", "providers", "services", "reports", "channels", "api", "jobs", "ui", "commands")


@pytest.fixture
def english() -> Iterator[None]:
    token = i18n.language.set("en")
    yield
    i18n.language.reset(token)


def sources() -> Iterator[tuple[str, str]]:
    """Yield (where, French text) for every literal `t("…")` and every `sentence = "…"` of a class."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            where = path.relative_to(ROOT).as_posix()
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                yield from ((where, text) for text in texts_of(node))


def texts_of(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Call(func=ast.Name(id="t"), args=[ast.Constant(value=str(text)), *_]):
            yield text
        case ast.ClassDef(body=body):
            for line in body:
                match line:
                    case ast.Assign(targets=[ast.Name(id="sentence")], value=ast.Constant(value=str(text))):
                        yield text
                    case ast.AnnAssign(target=ast.Name(id="sentence"), value=ast.Constant(value=str(text))):
                        yield text


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_every_french_text_has_its_english() -> None:
    missing = [f"{where} {text}" for where, text in sources() if not i18n.catalogue("en").get(text)]
    assert missing == []


def test_the_walk_finds_calls_and_sentences() -> None:
    tree = ast.parse('t("Un")\nt(label)\nclass A(Refusal):\n    sentence: ClassVar[str] = "Deux"\n    code = "non"')
    found = [text for node in ast.walk(tree) for text in texts_of(node)]
    assert sorted(found) == ["Deux", "Un"]
    assert len(list(sources())) > 20


def test_a_translation_fills_the_same_blanks() -> None:
    different = [source for source, english in i18n.catalogue("en").items() if blanks(source) != blanks(english)]
    assert different == []


def test_no_french_text_is_composed_before_it_is_translated() -> None:
    composed = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "t"
        and isinstance(node.args[0], ast.JoinedStr | ast.BinOp)
    ]
    assert composed == []


def test_french_is_its_own_translation() -> None:
    assert t("Introuvable.") == "Introuvable."
    assert t("Sans traduction") == "Sans traduction"


@pytest.mark.usefixtures("english")
def test_an_english_reader_reads_english() -> None:
    assert t("Introuvable.") == "Not found."
    assert t("Sans traduction") == "Sans traduction"
    assert str(NotFound()) == "Not found."


def test_a_refusal_says_its_sentence_with_its_data() -> None:
    assert str(TooManyTries(secondes=30)).endswith("attendez 30 s.")
    assert str(WrongState(state="draft", wanted="sent")).endswith("(draft).")
    assert (Refusal.status, Refusal.code, str(Refusal())) == (400, "refus", "Cette demande est refusée.")


def test_wrong_fields_are_named_each_with_its_sentence() -> None:
    refusal = InvalidInput({"amount": "Montant invalide."}, line=3)
    assert (refusal.status, refusal.fields, refusal.data) == (422, {"amount": "Montant invalide."}, {"line": 3})


def test_every_refusal_has_a_code_and_a_client_status() -> None:
    for module in pkgutil.iter_modules(core.__path__, "core."):
        importlib.import_module(module.name)
    kinds: list[type[Refusal]] = [Refusal, *every_subclass(Refusal)]
    assert len(kinds) > 15
    for kind in kinds:
        assert kind.code.isascii()
        assert " " not in kind.code
        assert 400 <= kind.status <= 503


def every_subclass(kind: type[Refusal]) -> list[type[Refusal]]:
    return [found for child in kind.__subclasses__() for found in (child, *every_subclass(child))]
