"""A search in a batch finds what the plain question finds, page by page, and counts all of it."""

import pytest

from core.database import fetch_all
from models.pension_stages import PaymentStage
from services.pensions import payment_reading
from services.pensions.payment_search import PaymentSearch
from tests.builders.batches import Desk, lines

OURS = lines(
    "MSISDN,22997000001,XOF,50000,Adjoa KOSSOU",
    "MSISDN,0197000002,XOF,75000,Éloïse D'ALMEIDA",
    "PERSONAL_ID,0000000007,XOF,100,100 % sûr_",
    "EMAIL,Aya.Kone@exemple.bj,XOF,200,KONÉ Aya",
    "IBAN,bj66 BJ06 1010 0100 1443 9000 0769,XOF,300,ÇA VA",
    "ALIAS,A7,XOF,400,",
    header="type_id,valeur_id,devise,montant,nom_complet",
)
THEIRS = lines(
    "P-001,100,XOF,PERSONAL_ID,0000000001,Kossou",
    "p-002,100,XOF,PERSONAL_ID,0000000002,KOSSOU",
    "7,100,XOF,PERSONAL_ID,0000000003,",
    header="transferId,amount,currency,partyIdType,partyIdentifier,name",
)
TEXTS = (
    "kossou", "KOSSOU", "a kos", "97000", "+229", "0197000002", "7", "07", "3", "éloïse", "ÉLOÏSE", "KONE", "koné",
    "KONÉ", "aya.kone@EXEMPLE", "bj06", "bj 06", "BJ66", "%", "_", "100 %", "sûr_", "p-001", "P-001", "ça", "d'alm",
    "zzz", "\\", "A7", "  kossou  ", "0000000007", "١",
)  # fmt: skip
PLAIN = """
select p.line from pension_payment p join pension_batch b on b.id = p.batch_id
where b.bulk_id = %s and (p.name ilike %s or p.identifier ilike %s or p.identifier_raw ilike %s or p.line::text = %s
    or coalesce(p.file_transfer_id, b.bulk_id || '-' || lpad(p.line::text, 7, '0')) = %s)
order by p.line
"""


def found(desk: Desk, bulk_id: str, search: PaymentSearch, limit: int = 50, offset: int = 0) -> tuple[list[int], int]:
    with desk.database.transaction() as session:
        page = payment_reading.list_payments(session, desk.caisse.manager, bulk_id, search, limit=limit, offset=offset)
    return [payment.line for payment in page.payments], page.total


def plainly(desk: Desk, bulk_id: str, text: str) -> list[int]:
    typed = text.strip()
    pattern = "%" + typed.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    with desk.database.transaction() as session:
        rows = fetch_all(session, PLAIN, (bulk_id, pattern, pattern, pattern, typed, typed))
    return [row["line"] for row in rows]


@pytest.mark.parametrize("file", [OURS, THEIRS], ids=["our ids", "the sender's ids"])
def test_every_text_finds_what_it_always_found(desk: Desk, file: str) -> None:
    seen = desk.look_at(file)
    bulk_id, rows = seen.batch.bulk_id, seen.batch.total.count
    assert rows == file.count("\n") - 1
    texts = (*TEXTS, f"{bulk_id}-0000003", f"{bulk_id}-3", f"{bulk_id.upper()}-0000003")
    wanted = {text: plainly(desk, bulk_id, text) for text in texts}
    assert {text: found(desk, bulk_id, PaymentSearch(text=text)) for text in texts} == {
        text: (lines_of, len(lines_of)) for text, lines_of in wanted.items()
    }
    assert {len(lines_of) for lines_of in wanted.values()} >= {0, 1, 2}


@pytest.mark.parametrize(
    ("limit", "offset", "after", "page"), [(2, 0, 0, [2, 3]), (2, 2, 0, [4, 5]), (9, 0, 4, [5, 6])]
)
def test_a_page_is_of_what_was_found_and_the_number_is_of_all(
    desk: Desk, limit: int, offset: int, after: int, page: list[int]
) -> None:
    rows = [f"PERSONAL_ID,{number:010d},XOF,{number % 2 + 1}00" for number in range(1, 6)]
    bulk_id = desk.send(lines(*rows)).batch.bulk_id
    desk.begin(bulk_id)
    desk.move(bulk_id, [2], PaymentStage.SENT)
    assert found(desk, bulk_id, PaymentSearch(text="000", after=after), limit, offset) == (page, 5)
    assert found(desk, bulk_id, PaymentSearch(stages=(PaymentStage.WAITING,), text="0002")) == ([3], 1)
    assert found(desk, bulk_id, PaymentSearch(min_minor=150, max_minor=250)) == ([2, 4, 6], 3)
    assert found(desk, bulk_id, PaymentSearch(stages=(PaymentStage.SENT,), after=2)) == ([], 1)
