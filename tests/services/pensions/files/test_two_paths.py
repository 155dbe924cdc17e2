"""Whatever the file, slices and expressions say what a plain reading says, line by line."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Refusal
from core.money import Currency
from services.pensions.files import FileRules, blocks
from tests.services.pensions.files.reading import Expected, placed, read, read_plainly, written

LAYOUTS = {
    "a": ["type_id", "valeur_id", "devise", "montant", "nom_complet", "objet", "agence"],
    "b": ["transferId", "amount", "currency", "partyIdType", "partyIdentifier", "name", "purpose"],
}
TYPES = [
    *["MSISDN"] * 4,
    "PERSONAL_ID",
    "PERSONAL_ID",
    "msisdn",
    " EMAIL",
    "IBAN",
    "ALIAS",
    "mſisdn",
    "ORG",
    "",
    "DEVICE\x07",
]
NUMBERS = ["0197000001", "22997000001", "97000001", "+229 01 97 00 00 01", "0196000002", "+33612345678", "0100000000"]
IDENTIFIERS = [
    *NUMBERS,
    *["+2290121301234", "22901970000010", "00229019700001", "2,29971E+10", "1.2e+09", "0197000001/0197000002", "*880#"],
    *["0000000001", "0000000002", "000000003", "12345A7890", "٠٠٠٠٠٠٠٠٠١", "\u00a00000000001\u200b", "", "12", "a b"],
    *[
        "Adjoa@Example.BJ",
        "é@exemple.bj",
        "a@b@c.d",
        "a@b",
        "ACME-01",
        "POS_7",
        "adjoa.k",
        "FR7630006000011234567890189",
    ],
    *["FR76 3000 6000 0112 3456 7890 189", "FR7630006000011234567890188", "+22997000001", "0022997000001", "\ufeff"],
]
AMOUNTS = [
    "100",
    "50000",
    "1",
    "10000000",
    "10000001",
    "99999999999999999999",
    "0",
    "-5",
    "+5",
    "12.5",
    "12,50",
    "0.05",
]
AMOUNTS += [
    "",
    " 250 ",
    "007",
    "1_000",
    "5e4",
    "NaN",
    "٥٠٠",
    "50 000",
    "0.00",
    "100.10",
    "12.345",
    "1\x0b",
    "100\u00a0",
]
CURRENCIES = [*["XOF"] * 6, "xof", " XOF ", "USD", "XAF", "NGN", "FCFA", "", "x\x00of".replace("\x00", "\x01")]
NAMES = [
    "",
    "Adjoa KOSSOU",
    "Séverin Dègbé",
    "Se\u0301verin",
    "محمد",
    "x" * 128,
    "é" * 129,
    "KOSSOU, Adjoa",
    'dit "Papa"',
]
NAMES += ["Ad\x07joa", "=2+3", "a\u2028b", " \u3000", "e\u0301" * 100, "tab\tbed", "n\x85l", "\U0001f600", "a;b"]
PURPOSES = ["", "PENSION", "rappel", "Rappel 2024", "STRASSE", "straße", "X" * 33, "_", "PENſION"]
IDS = ["t1", "t2", "t3", "t 4", "", "x" * 64, "x" * 65, "a:b.c-d_e", "é", " t1 "]
POOLS = {
    **dict.fromkeys(("type_id", "partyIdType"), TYPES),
    **dict.fromkeys(("valeur_id", "partyIdentifier"), IDENTIFIERS),
    **dict.fromkeys(("montant", "amount"), AMOUNTS),
    **dict.fromkeys(("devise", "currency"), CURRENCIES),
    **dict.fromkeys(("nom_complet", "name"), NAMES),
    **dict.fromkeys(("objet", "purpose"), PURPOSES),
    "transferId": IDS,
    "agence": NAMES,
}
RIGHT = {
    **dict.fromkeys(("type_id", "partyIdType"), st.just("MSISDN")),
    **dict.fromkeys(("valeur_id", "partyIdentifier"), st.integers(0, 30).map(lambda n: f"01970000{n:02d}")),
    **dict.fromkeys(("montant", "amount"), st.sampled_from(["100", "2500"])),
    **dict.fromkeys(("devise", "currency"), st.just("XOF")),
    **dict.fromkeys(("objet", "purpose"), st.sampled_from(["", "PENSION", "rappel"])),
    "transferId": st.integers(0, 60).map(lambda n: f"t{n}"),
}
RAW_LINES = ["", "  ", "\t\t\t", ",", ",,,", ",,,,,,,,,,", '"a","b"', 'a"b"c,"d"', '"', "\u00a0", ";;;"]


@st.composite
def files(draw: st.DrawFn) -> tuple[str, FileRules]:
    names = LAYOUTS[draw(st.sampled_from("ab"))]
    optional = {"nom_complet", "objet", "agence", "name", "purpose"}
    columns = draw(st.permutations([name for name in names if name not in optional or draw(st.booleans())]))
    separator = draw(st.sampled_from(",;\t"))
    lines = [written([columns], separator).rstrip("\n")]
    lines += draw(st.lists(_lines(columns, separator), max_size=25))
    ends = draw(st.sampled_from([["\n"], ["\r\n"], ["\r"], ["\n", "\r\n", "\r"]]))
    text = "".join(line + draw(st.sampled_from(ends)) for line in lines) + draw(st.sampled_from(["", lines[-1]]))
    rules = FileRules(
        country=draw(st.sampled_from(["BJ", "BJ", "CI", "FR"])),
        currency=draw(st.sampled_from([Currency.XOF, Currency.XOF, Currency.USD])),
        countries=draw(st.sampled_from([frozenset(), frozenset({"BJ", "FR"})])),
        id_types=draw(st.sampled_from([FileRules("BJ", Currency.XOF).id_types, frozenset({"MSISDN", "EMAIL"})])),
        allows_same_person=draw(st.booleans()),
    )
    return text, rules


@st.composite
def _lines(draw: st.DrawFn, columns: Sequence[str], separator: str) -> str:
    kind = draw(st.sampled_from(["right"] * 3 + ["one"] * 5 + ["mixed", "raw", "uneven"]))
    if kind == "raw":
        return draw(st.sampled_from(RAW_LINES))
    only = draw(st.sampled_from(columns))
    is_odd = {name: name == only if kind == "one" else kind != "right" and draw(st.booleans()) for name in columns}
    cells = [
        draw(st.sampled_from(POOLS[name]) if is_odd[name] else RIGHT.get(name, st.sampled_from(["", "Adjoa K"])))
        for name in columns
    ]
    if kind == "uneven":
        cells = draw(st.sampled_from([cells[:-1], [*cells, ""], [*cells, "", "x"], cells[:2]]))
    return written([cells], separator).rstrip("\n")


def attempted(act: Callable[[], Expected]) -> tuple[Expected | None, tuple[type[Refusal], dict[str, Any]] | None]:
    try:
        return act(), None
    except Refusal as refusal:
        return None, (type(refusal), refusal.data)


@settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(file=files(), block_bytes=st.sampled_from([1, 150, 1 << 20]))
def test_slices_and_expressions_say_what_a_plain_reading_says(file: tuple[str, FileRules], block_bytes: int) -> None:
    text, rules = file
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(blocks, "LARGEST_BLOCK_BYTES", block_bytes)
        patch.setattr(blocks, "SAMPLE_BYTES", 64)
        expected, refused = attempted(lambda: read_plainly(text, rules))
        if expected is None:
            with pytest.raises(Refusal) as told:
                read(text, Path(folder), rules)
            assert (type(told.value), told.value.data) == refused
            return
        if not expected.clean and not expected.faults:
            with pytest.raises(Refusal) as told:
                read(text, Path(folder), rules)
            assert told.value.code == "no_rows"
            return
        found = read(text, Path(folder), rules)
    assert found.clean == expected.clean
    assert placed(found.faults) == expected.faults
    wrong_lines = {fault["line"] for fault in found.faults}
    assert found.findings.content_sha256 == expected.content_sha256
    assert found.findings.valid == len(expected.clean)
    assert found.findings.rows == len(expected.clean) + len(wrong_lines)
    assert found.findings.invalid == len(wrong_lines)
    assert found.findings.errors_count == len(expected.faults)
    assert found.findings.totals.all.amount_minor == sum(row["amount_minor"] for row in expected.clean)
