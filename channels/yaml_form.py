"""A document as text: YAML that a person may write, and that loses nothing on its way there and back.

Comments do not survive. Only what JSON can hold is read: no dates, no `on` or `no` turned into booleans, no aliases.
"""

import math
import re
from collections.abc import Hashable, Mapping
from typing import Any

import yaml

from channels.document import languages_of
from channels.outline import outline
from core.errors import Refusal
from core.i18n import t
from core.orders import is_storable

LARGEST_TEXT = 500_000
WIDTH = 120
_FIRST = ("flow", "languages", "default_language", "unreviewed", "entry", "goals", "settings", "variables")
_WITHIN = (
    "kind", "type", "key", "label", "run", "flow", "goal", "rows", "row", "var", "check", "slot", "same_as", "text",
    "with", "money", "options", "rules", "if", "set", "len", "min", "max", "pattern", "errors", "outcomes", "to",
    "cancel", "differs", "else", "empty", "back", "home",
)  # fmt: skip
_BENT = re.compile("[\r\x85\u2028\u2029\ufeff]")  # line ends that plain and block text would not give back
_RANK = {name: at for at, name in enumerate(_WITHIN)}


class UnreadableText(Refusal):
    """The text is no document; `line` and `column` say where reading stopped, from 1."""

    code = "texte_illisible"
    status = 422
    sentence = "Ligne {line}, colonne {column} : {problem}"


def to_text(body: Mapping[str, Any]) -> str:
    """Return a document as YAML: header first, screens in reading order, languages in their own."""
    header = {name: body[name] for name in _FIRST if name in body}
    rest = {name: body[name] for name in sorted(body) if name not in {*header, "screens"}}
    languages = languages_of(body)
    written = {name: _ordered(value, languages) for name, value in (header | rest).items()}
    if "screens" in body:
        written["screens"] = _screens(body, languages)
    return yaml.dump(written, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)


def part_to_text(part: Any) -> str:
    """Return a piece of a document (a condition, some values) on one line; nothing for nothing."""
    if part in (None, {}, []):
        return ""
    text = yaml.dump(part, Dumper=_Dumper, default_flow_style=True, allow_unicode=True, width=math.inf)
    return text.removesuffix("\n").removesuffix("\n...")


def from_text(text: str) -> dict[str, Any]:
    """Read a document, or say where it cannot be read."""
    body = part_from_text(text)
    if not isinstance(body, dict):
        raise UnreadableText(line=1, column=1, problem=t("un parcours est une suite de champs « nom: valeur »"))
    return body


def part_from_text(text: str) -> Any:
    """Read a piece of a document, or say where it cannot be read."""
    if len(text) > LARGEST_TEXT:
        raise UnreadableText(line=1, column=1, problem=t("texte trop long"))
    try:
        part = yaml.load(text, Loader=_Loader)  # noqa: S506  # a SafeLoader that knows less
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise UnreadableText(line=line, column=column, problem=error.problem or t("texte illisible")) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise UnreadableText(line=1, column=1, problem=t("texte illisible")) from error
    if not is_storable(part):
        raise UnreadableText(line=1, column=1, problem=t("caractère interdit"))
    return part


def _screens(body: Mapping[str, Any], languages: tuple[str, ...]) -> Any:
    screens = body["screens"]
    if not isinstance(screens, Mapping):
        return screens
    order = [leaf.name for leaf in outline(body)]
    names = [*order, *(name for name in screens if name not in set(order))]
    return {name: _ordered(screens[name], languages) for name in names}


def _ordered(part: Any, languages: tuple[str, ...]) -> Any:
    """Return a piece with its fields in reading order."""
    if isinstance(part, list | tuple):
        return [_ordered(value, languages) for value in part]
    if not isinstance(part, Mapping):
        return part
    is_text = part.keys() <= {*languages, ""}
    rank = {language: at for at, language in enumerate(languages)} if is_text else _RANK
    names = sorted(part, key=lambda name: (rank.get(name, len(rank)), name))
    return {name: _ordered(part[name], languages) for name in names}


class _Dumper(yaml.SafeDumper):
    """Short leaves on one line, long texts as blocks, no alias."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  # the parent asks with it
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        super().increase_indent(flow, indentless=False)


def _mapping(dumper: _Dumper, value: dict[str, Any]) -> yaml.Node:
    shown = repr(value)
    is_leaf = "kind" not in value and len(shown) < WIDTH * 3 // 4 and "\\n" not in shown
    return dumper.represent_mapping("tag:yaml.org,2002:map", value.items(), flow_style=is_leaf)


def _sequence(dumper: _Dumper, value: list[Any]) -> yaml.Node:
    is_leaf = not any(isinstance(part, dict | list) for part in value)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=is_leaf)


def _string(dumper: _Dumper, value: str) -> yaml.Node:
    style = '"' if _BENT.search(value) else "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(dict, _mapping)
_Dumper.add_representer(list, _sequence)
_Dumper.add_representer(str, _string)


class _Loader(yaml.SafeLoader):
    """What JSON can hold and no more."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  # ours alone, not the parent's

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.constructor.ConstructorError(None, None, t("pas de renvoi (*nom)"), mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag != "tag:yaml.org,2002:str":
                problem = t("un nom de champ est un texte : mettez-le entre guillemets")
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            if key.value in seen:
                problem = t("champ en double : {name}").format(name=key.value)
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


for _tag, _pattern, _first in (
    ("bool", r"true|false", "tf"),
    ("null", r"null|~|", ["n", "~", ""]),
    ("int", r"-?(0|[1-9][0-9]*)", "-0123456789"),
    ("float", r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?", "-0123456789"),
):
    for _form in (_Loader, _Dumper):  # what either side would bend is written in quotes
        _form.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), list(_first))
