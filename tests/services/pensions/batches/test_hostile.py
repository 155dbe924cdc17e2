"""Files as desks really send them: those that are meant well are read, the others get one clear sentence each.

Whatever is refused: nothing reserved, nobody claimed, nothing in the queue.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from core.errors import Refusal
from models.pension_stages import BatchStage
from services.pensions import batches
from services.pensions.files.refusals import InvalidRows
from tests.builders.batches import EXAMPLE, HEADER, Desk, lines

MIXED = '"type_id" ; "MONTANT";devise;Valeur_ID;nom_complet\nmsisdn;50000;xof;"229 97 00 00 01";Rémi Hounkpè'
NAMED = f"{HEADER},nom_complet\nMSISDN,22997000001,XOF,50000,Rémi Hounkpè\n"


@pytest.mark.parametrize(
    ("content", "warning"),
    [
        (b"\xef\xbb\xbf" + NAMED.encode(), None),
        (NAMED.encode("latin-1"), "encoding_assumed"),
        (NAMED.replace(",", ";").encode(), None),
        (NAMED.replace(",", "\t").encode(), None),
        (NAMED.replace("\n", "\r\n").encode(), None),
        (NAMED.replace("\n", "\r").encode(), None),
        (MIXED.encode(), None),
    ],
)  # fmt: skip
def test_what_is_meant_well_is_read(desk: Desk, content: bytes, warning: str | None) -> None:
    sent = desk.send(content)
    assert (sent.batch.stage, sent.batch.total.amount_minor) == (BatchStage.QUEUED, 50_000)
    assert [one.code for one in sent.warnings if one.count is None] == ([warning] if warning else [])
    assert desk.rows("select identifier, name from pension_payment") == [
        {"identifier": "+2290197000001", "name": "Rémi Hounkpè"}
    ]


@pytest.mark.parametrize(
    ("content", "code", "sentence"),
    [
        ("", "empty_file", "Ce fichier est vide. Choisissez le fichier des pensions."),
        (f"{HEADER}\n", "no_rows", "Ce fichier n'a que sa ligne de titres. Ajoutez au moins un paiement."),
        ("nom,montant\nA,1\n", "missing_column", "Il manque dans la ligne de titres\xa0: type_id, valeur_id, devise."),
        (EXAMPLE.encode("utf-16"), "encoding_unsupported", "Enregistrez-le en «\xa0CSV UTF-8\xa0»."),
        (EXAMPLE.encode().replace(b"MSISDN", b"MSI\x00DN"), "not_csv", "enregistrez en CSV"),
        (b"PK\x03\x04" + b"x" * 100, "not_csv", "enregistrez en CSV"),
        (f'{HEADER}\nMSISDN,"22997\n000001",XOF,1\n', "line_break_in_cell", "Ligne 2"),
        (f"{HEADER}\nMSISDN,22997000001,XOF,{'9' * 5_000}\n", "file_too_large", "4096 octets"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(
    desk: Desk, content: str | bytes, code: str, sentence: str
) -> None:
    for deed in (desk.send, desk.look_at):
        with pytest.raises(Refusal) as refused:
            deed(content)
        assert refused.value.code == code
        assert sentence in str(refused.value)
    assert desk.count("pension_file") == 0
    untouched(desk)


@pytest.mark.parametrize(
    ("row", "column", "code", "sentence"),
    [
        ("MSISDN,22997000001,XOF,-5", "montant", "amount_not_positive", "plus grand que zéro"),
        ("MSISDN,22997000001,XOF,0", "montant", "amount_not_positive", "plus grand que zéro"),
        ("MSISDN,22997000001,XOF,1e5", "montant", "amount_format", "en chiffres seulement"),
        ("MSISDN,22997000001,XOF,12.5", "montant", "amount_decimals", "Trop de décimales"),
        ("MSISDN,22997000001,XOF,1 000", "montant", "amount_format", "sans espace"),
        ("MSISDN,22997000001,XOF,10000001", "montant", "amount_too_large", "dépasse le maximum"),
        ("PASSEPORT,22997000001,XOF,1000", "type_id", "type_unknown", "n'existe pas"),
        ("MSISDN,12345,XOF,1000", "valeur_id", "msisdn_invalid", "trop court"),
        ("MSISDN,+33612345678,XOF,1000", "valeur_id", "country_not_allowed", "ne paie pas"),
        ("MSISDN,22997000001,NGN,1000", "devise", "currency_unsupported", "Écrivez XOF"),
        ("MSISDN,22997000001,XAF,1000", "devise", "currency_mismatch", "Écrivez XOF"),
        ("PERSONAL_ID,123456789,XOF,1000", "valeur_id", "personal_id_length", "zéro de tête"),
        ('MSISDN,"2,2997E+10",XOF,1000', "valeur_id", "excel_number", "format Texte"),
        ("MSISDN,22997000002,XOF,75000", "valeur_id", "duplicate_in_file", "à la ligne 2"),
    ],
)  # fmt: skip
def test_one_wrong_row_among_right_ones_says_what_to_do(
    desk: Desk, row: str, column: str, code: str, sentence: str
) -> None:
    with pytest.raises(InvalidRows) as refused:
        desk.send(lines("MSISDN,22997000002,XOF,75000", row))
    (error,) = refused.value.data["errors"]
    assert (error["line"], error["column"], error["code"]) == (3, column, code)
    assert sentence in error["message"]
    assert str(refused.value) == "1 ligne(s) sur 2 sont à corriger. Rien n'a été envoyé."
    untouched(desk)


def test_two_hundred_megabytes_are_refused_before_they_have_all_come(desk: Desk) -> None:
    came = 0

    def content() -> Iterator[bytes]:
        nonlocal came
        for _ in range(200):
            came += 1
            yield b"MSISDN,22997000001,XOF,1000\n" * (1_000_000 // 28)

    with pytest.raises(Refusal) as refused:
        batches.upload(desk.database, desk.caisse.manager, desk.order(desk.caisse), content())
    assert (refused.value.code, refused.value.status) == ("file_too_large", 413)
    assert came < 110
    untouched(desk)


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"payer_account": "ACC-INCONNU"}, "account_unknown"),
        ({"payer_account": "ACC-CNPS-CI-001"}, "account_unknown"),
        ({"expected_total": 1}, "control_totals"),
    ],
)
def test_terms_that_are_wrong_reserve_nothing(desk: Desk, form: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        desk.send(**form)
    assert refused.value.code == code
    untouched(desk)


def test_money_that_is_not_there_and_people_who_may_not_reserve_nothing(desk: Desk) -> None:
    rich = lines(*(f"PERSONAL_ID,{number:010d},XOF,9000000" for number in range(3)))
    attempts = [
        (rich, desk.caisse.manager, "insufficient_funds"),
        (EXAMPLE, desk.world.foreign.manager, "not_found"),
        (EXAMPLE, desk.world.stranger, "not_found"),
        (EXAMPLE, desk.caisse.supervisor, "role_insuffisant"),
        (EXAMPLE, desk.world.administrator, "role_insuffisant"),
    ]
    for content, who, code in attempts:
        with pytest.raises(Refusal) as refused:
            desk.send(content, by=who)
        assert refused.value.code == code
    untouched(desk)


def untouched(desk: Desk) -> None:
    """See that nothing was reserved, nobody claimed, and no batch made."""
    assert (desk.money(), desk.money(desk.world.foreign)) == ((1_000_000, 0), (1_000_000, 0))
    assert [desk.count(table) for table in ("pension_batch", "pension_payment", "pension_claim", "transfer")] == [0] * 4
