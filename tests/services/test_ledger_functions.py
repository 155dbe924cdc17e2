"""The posting functions take what our services send, from the application alone."""

import psycopg
import pytest

from core import ids
from core.database import driver
from tests.builders.story import Story


@pytest.mark.parametrize(
    ("amounts", "currencies", "code"),
    [
        ([-5, 5, 7, -7], ["XOF"] * 4, "PL002"),  # legs that no account carries
        ([-5, 5], ["XOF"], "PL002"),
        ([10**15 + 1, -(10**15) - 1], ["XOF", "XOF"], "23514"),  # what no seal could sum
        ([2**63 - 1, 1 - 2**63], ["XOF", "XOF"], "23514"),
    ],
)
def test_the_functions_refuse_what_no_service_of_ours_sends(
    story: Story, amounts: list[int], currencies: list[str], code: str
) -> None:
    accounts = [story.opening, story.fees]  # house accounts: no floor to stop them
    size = story.bank.size()
    post = (
        "select ledger_post(%s, 'manual', 'odd', 'transfer', '', '', now(), now(), %s::uuid[], %s::bigint[],"
        " %s::text[])"
    )
    post_many = (
        "select ledger_post_many('manual', '', now(), %s, '{odd}', '{transfer}', '{r}', array[now()], '{1,1}',"
        " %s::uuid[], %s::bigint[], %s::text[])"
    )
    for statement, ident in ((post, ids.new_id()), (post_many, [ids.new_id()])):
        with pytest.raises(psycopg.DatabaseError) as refusal, story.bank.database.transaction() as session:
            driver(session).execute(statement, (ident, accounts, amounts, currencies))
        assert refusal.value.sqlstate == code

    assert story.bank.size() == size
    story.bank.seal()


def test_the_functions_of_the_ledger_are_the_applications_alone(story: Story) -> None:
    with story.bank.owner() as owner:
        open_to_all = owner.execute(
            "select proname from pg_proc where prosecdef and pronamespace = 'public'::regnamespace"
            " and has_function_privilege('public', oid, 'execute')"
        ).fetchall()

    assert open_to_all == []
