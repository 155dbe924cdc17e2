"""What arrives is written, hashed and weighed on its way; what is no text is stopped there."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.pensions.files import Encoding, receive
from services.pensions.files.refusals import EncodingUnsupported, FileTooLarge, LineTooLong, NotCsv
from tests.services.pensions.files.reading import read

HEADER = b"type_id,valeur_id,devise,montant\n"
ROW = b"MSISDN,0197000001,XOF,100\n"


def pieces(content: bytes, size: int) -> Iterator[bytes]:
    return (content[start : start + size] for start in range(0, len(content), size))


@pytest.mark.parametrize("size", [1, 7, 4_096, 1 << 20])
def test_a_file_is_kept_byte_for_byte_and_hashed(tmp_path: Path, size: int) -> None:
    content = HEADER + ROW * 400
    file = receive(pieces(content, size), tmp_path / "file.csv")
    assert file.path.read_bytes() == content
    assert (file.size_bytes, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert file.encoding is Encoding.UTF_8


def test_reading_stops_at_the_first_piece_too_many(tmp_path: Path) -> None:
    taken = []

    def endless() -> Iterator[bytes]:
        while True:
            taken.append(len(ROW))
            yield ROW

    with pytest.raises(FileTooLarge) as refused:
        receive(endless(), tmp_path / "file.csv", largest_bytes=1_000)
    assert refused.value.data == {"limit": 1_000}
    assert len(taken) == 1_000 // len(ROW) + 1


@pytest.mark.parametrize("size", [1, 1_000, 1 << 20])
@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_a_line_of_4_kib_passes_and_one_byte_more_does_not(tmp_path: Path, size: int, end: bytes) -> None:
    receive(pieces(HEADER + b"x" * 4_096 + end + ROW, size), tmp_path / "file.csv")
    with pytest.raises(LineTooLong) as refused:
        receive(pieces(HEADER + ROW + b"x" * 4_097 + end + ROW, size), tmp_path / "file.csv")
    assert refused.value.data == {"line": 3, "limit": 4_096}


@pytest.mark.parametrize("size", [1, 2, 3, 1 << 20])
@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("Séverin €".encode(), Encoding.UTF_8),
        ("\ufeffSéverin".encode(), Encoding.UTF_8_BOM),
        ("Séverin".encode("cp1252"), Encoding.WINDOWS_1252),
        ("Séverin, fin: é".encode()[:-1], Encoding.WINDOWS_1252),
        (b"", Encoding.UTF_8),
    ],
)
def test_the_encoding_is_known_however_the_pieces_fall(
    tmp_path: Path, content: bytes, encoding: Encoding, size: int
) -> None:
    assert receive(pieces(content, size), tmp_path / "file.csv").encoding is encoding


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_wide_encodings_are_unsupported_with_or_without_a_mark(tmp_path: Path, codec: str) -> None:
    with pytest.raises(EncodingUnsupported):
        receive([(HEADER + ROW).decode().encode(codec)], tmp_path / "file.csv")


@pytest.mark.parametrize("byte", [0x81, 0x8D, 0x8F, 0x90, 0x9D])
def test_a_byte_of_no_accepted_encoding_is_unsupported(tmp_path: Path, byte: int) -> None:
    with pytest.raises(EncodingUnsupported):
        receive([HEADER, ROW, bytes([0xE9, byte])], tmp_path / "file.csv")


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04",
        b"%PDF-1.7",
        b'{"rows":[]}',
        b"<html>",
        b"\xef\xbb\xbf \n{}",
        HEADER + b"a\x00b",
        HEADER * 400 + b"\x00",
    ],
)
def test_another_format_or_binary_is_no_csv(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(NotCsv):
        receive([content], tmp_path / "file.csv")


def test_a_workbook_is_told_to_be_saved_as_csv_although_it_has_long_lines(tmp_path: Path) -> None:
    with pytest.raises(NotCsv) as refused:
        receive([b"PK\x03\x04" + b"\x01" * 10_000], tmp_path / "file.csv")
    assert "enregistrez en CSV" in str(refused.value)


def test_names_of_windows_1252_are_read(tmp_path: Path) -> None:
    content = "type_id,valeur_id,devise,montant,nom_complet\r\nMSISDN,0197000001,XOF,100,Rémi…\r\n".encode("cp1252")
    found = read(content, tmp_path, chunk_bytes=3)
    assert [row["name"] for row in found.clean] == ["Rémi…"]
    assert found.findings.file_warnings == ("encoding_assumed",)
