"""`./dev providers check-vectors FILE`: run vectors of signatures and phones on the code that runs in production.

A file has the form of `tests/data/provider_signatures.json` (`vectors`), of `tests/data/phones.json` (`cases`,
`provider_forms`, `operators`), or holds both, side by side or one below the other.
"""

import json
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import Refusal
from core.i18n import t

if TYPE_CHECKING:
    from commands.parser import Subparsers

EXIT_DIFFERENT = 1
LONGEST_SHOWN = 200


class UnreadableFile(Refusal):
    """There is no such file, or it may not be read."""

    code = "fichier_illisible"
    sentence = "Fichier illisible : {reason}."


class NotJson(Refusal):
    """The file is no JSON."""

    code = "json_invalide"
    sentence = "Ce fichier n'est pas du JSON."


class NoCase(Refusal):
    """The file holds none of the lists we can check."""

    code = "aucun_cas"
    sentence = "Ce fichier ne contient aucun cas : ni signatures, ni numéros."


Case = Mapping[str, Any]
Check = Callable[[Case], Iterator[str]]


def register(subparsers: "Subparsers") -> None:
    """Add the command to the terminal."""
    parser = subparsers.add_parser("providers", help=t("opérateurs : vérifier des vecteurs"))
    acts = parser.add_subparsers(metavar=t("acte"), required=True)
    check = acts.add_parser(
        "check-vectors", help=t("comparer un fichier de signatures ou de numéros à ce que fait le code")
    )
    check.add_argument("file", type=Path, metavar=t("FICHIER"))
    check.set_defaults(command=check_vectors)


def check_vectors(arguments: Namespace) -> int:
    """Print every difference and the count; the status is not zero when there is one, or nothing to check."""
    document = _read(arguments.file)
    count = different = 0
    for section, label, check in _sections():
        rows = [row for found in _find(document, section) for row in found]
        wrong = sum(_is_different(label, row, check) for row in rows)
        if rows:
            print(t("{label} : {right} sur {count}").format(label=label, right=len(rows) - wrong, count=len(rows)))
        count, different = count + len(rows), different + wrong
    if not count:
        raise NoCase
    print(
        t("{count} cas, {right} conformes, {different} différents.").format(
            count=count, right=count - different, different=different
        )
    )
    return EXIT_DIFFERENT if different else 0


def _sections() -> tuple[tuple[str, str, Check], ...]:
    return (
        ("vectors", t("Signatures"), _check_signature),
        ("cases", t("Numéros"), _check_phone),
        ("provider_forms", t("Formes des opérateurs"), _check_forms),
        ("operators", t("Préfixes"), _check_operator),
    )


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise UnreadableFile(reason=error.strerror) from error
    except (ValueError, RecursionError) as error:
        raise NotJson from error


def _find(document: Any, section: str) -> Iterator[list[Any]]:
    """Yield the lists of that name, wherever they stand above the cases themselves."""
    below = document if isinstance(document, list) else []
    if isinstance(document, dict):
        if isinstance(document.get(section), list):
            yield document[section]
        below = [value for name, value in document.items() if isinstance(value, dict) and name != "schemes"]
    for value in below:
        if isinstance(value, dict):
            yield from _find(value, section)


def _is_different(label: str, case: Any, check: Check) -> bool:
    """Run one case and print how it differs; a case that cannot be read differs."""
    try:
        differences = list(check(case))
    except (AttributeError, KeyError, TypeError, ValueError, LookupError) as error:
        differences = [t("cas illisible : {error}").format(error=f"{type(error).__name__} {error}")]
    name = _name(case)
    for difference in differences:
        line = f"✗ {label} {name} : {difference}"[:LONGEST_SHOWN]
        print(line.encode("utf-8", "replace").decode("utf-8"))
    return bool(differences)


def _name(case: Any) -> str:
    """Return what a case is called: its own id, its number, or its country and operator."""
    if not isinstance(case, dict):
        return str(case)
    named = case.get("id") or case.get("e164")
    return str(named or " ".join(str(case.get(part, "")) for part in ("country", "operator"))).strip()


def _difference(what: str, expected: Any, got: Any) -> Iterator[str]:
    if type(expected) is not type(got) or expected != got:
        yield t("{what} : attendu {expected}, obtenu {got}").format(
            what=what, expected=json.dumps(expected, ensure_ascii=False), got=json.dumps(got, ensure_ascii=False)
        )


def _check_signature(case: Case) -> Iterator[str]:
    """Compare the body's digest, the signature base where it is given, and above all the verdict."""
    from hashlib import sha256

    from providers import signatures
    from providers.signatures import HmacScheme, KeyScheme, Message

    scheme = signatures.SCHEMES[case["scheme"]]
    body, headers = case["body"].encode("utf-8"), case["headers"]
    if "body_sha256" in case:
        yield from _difference("body_sha256", case["body_sha256"], sha256(body).hexdigest())
    match scheme:
        case HmacScheme():
            now = case["now"] if scheme.window_s is not None else 0
            is_authentic = signatures.verify_hmac(scheme, case["secrets"], headers, body, now)
        case KeyScheme():
            is_authentic = signatures.verify_key(scheme, case["secrets"], headers)
        case _:
            message = Message(case["method"], case["authority"], case["path"], headers, body)
            is_authentic = signatures.verify_message(message, case["keys"], case["now"], scheme)
            if "signature_base" in case:
                given = signatures.read_input(headers, scheme)
                base = (given.base(message) if given else None) or b""
                yield from _difference("signature_base", case["signature_base"], base.decode("ascii"))
    yield from _difference("expect", case["expect"], is_authentic)


def _check_phone(case: Case) -> Iterator[str]:
    """Compare a refusal, or each field of the number that was read."""
    from core.phone import PhoneRefusal, normalise

    expected = case["expect"]
    try:
        number = normalise(case["raw"], case["region"])
    except PhoneRefusal as refusal:
        yield from _difference("refused", expected.get("refused"), refusal.reason)
        yield from _difference("candidates", expected.get("candidates"), refusal.data.get("candidates"))
        return
    if "refused" in expected:
        yield from _difference("refused", expected["refused"], None)
        return
    for name, value in expected.items():
        yield from _difference(name, value, getattr(number, name))


def _check_forms(case: Case) -> Iterator[str]:
    """Compare the form in which a number goes out to each provider."""
    from core.phone import PhoneRefusal, normalise

    try:
        number = normalise(case["e164"], None)
    except PhoneRefusal as refusal:
        yield from _difference("e164", case["e164"], refusal.reason)
        return
    yield from _difference("e164", case["e164"], number.e164)
    for provider, form in case.items():
        if provider != "e164":
            yield from _difference(provider, form, number.for_provider(provider))


def _check_operator(case: Case) -> Iterator[str]:
    """Compare whom each prefix is preselected for, and what the same operator has beside."""
    from core.phone import operator_of, prefixes_of

    for prefix in case["prefixes"]:
        yield from _difference(prefix, case["operator"], operator_of(case["country"], prefix))
    beside = sorted(set(prefixes_of(case["country"], case["operator"])) - set(case["prefixes"]))
    yield from _difference("prefixes", [], beside)
