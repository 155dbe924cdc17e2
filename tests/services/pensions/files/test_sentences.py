"""Every code that a row, a file or a warning can have is told in French, and in English."""

import ast
import string
from pathlib import Path

import pytest

from core import i18n
from core.phone import PhoneRefusal
from services.pensions.files import cells, findings, judging, refusals
from services.pensions.files.refusals import FileRefusal
from services.pensions.files.sentences import (
    LOST_ZERO,
    PHONE_SENTENCES,
    SENTENCES,
    WARNINGS,
    fault_sentence,
    warning_sentence,
)
from tests.services.pensions.files.reading import BENIN

FOLDER = Path(cells.__file__).parent
FROM_THE_DATABASE = {"transfer_id_exists", "already_paid_this_cycle"}


def codes_in_source() -> set[str]:
    """Return each first text of `Wrong(…)`, and each second of `_fault(…)`."""
    found = set()
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                seat = {"Wrong": 0, "_fault": 1}.get(name)
                if seat is not None and isinstance(argument := node.args[seat], ast.Constant):
                    found.add(str(argument.value))
    return found


def refusals_of(kind: type[FileRefusal]) -> list[type[FileRefusal]]:
    return [kind, *(one for child in kind.__subclasses__() for one in refusals_of(child))]


def test_every_code_has_its_sentence() -> None:
    assert codes_in_source() | FROM_THE_DATABASE == set(SENTENCES)


def test_every_reason_of_a_phone_number_has_a_sentence_or_the_common_one() -> None:
    reasons = {kind.reason for kind in PhoneRefusal.__subclasses__()}
    assert reasons - set(PHONE_SENTENCES) == {"empty", "invalid_number"}


def test_every_sentence_speaks_english_with_the_same_places() -> None:
    english = i18n.catalogue("en")
    texts = [*SENTENCES.values(), LOST_ZERO, *PHONE_SENTENCES.values(), *WARNINGS.values()]
    texts += [kind.sentence for kind in refusals_of(FileRefusal) if kind is not FileRefusal]
    for text in texts:
        assert _places(english[text]) == _places(text), text


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_warning_of_the_findings_is_told() -> None:
    source = Path(findings.__file__).read_text(encoding="utf-8") + Path(judging.__file__).read_text(encoding="utf-8")
    for code in WARNINGS:
        assert f'"{code}"' in source
        assert warning_sentence(code) == WARNINGS[code]


@pytest.mark.parametrize(
    ("code", "detail", "value", "told"),
    [
        ("personal_id_length", None, " 123456789 ", "un zéro de tête a peut-être été perdu."),
        ("personal_id_length", None, "12345678901", "L'identifiant doit avoir 10 chiffres."),
        ("currency_unsupported", None, "FCFA", "Écrivez XOF."),
        ("msisdn_invalid", "too_short", "12", "Ce numéro est trop court"),
        ("msisdn_invalid", "invalid_number", "12", "Vérifiez-le auprès du bénéficiaire."),
        ("duplicate_in_file", None, "", "à la ligne 7 pour le même motif."),
        ("amount_decimals", None, "50000.0", "Exemple\u00a0: 50000."),
    ],
)
def test_a_person_is_told_what_to_do(code: str, detail: str | None, value: str, told: str) -> None:
    assert told in fault_sentence(code, detail, value, "7", BENIN)


def test_every_refusal_of_a_file_has_a_code_of_its_own() -> None:
    kinds = [kind for kind in refusals_of(FileRefusal) if kind not in {FileRefusal, refusals.LineTooLong}]
    assert len({kind.code for kind in kinds}) == len(kinds) == 13
