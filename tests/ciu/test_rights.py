"""Who may do what with the identifiers: every act against every role, deny by default."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from channels.ciu import rehearsing
from core import ids
from core.errors import Forbidden, Refusal
from core.permissions import Actor, Grant, Permission, Role, Scope
from models.ciu_leaving import ExportKind
from reports import ciu as reports
from services.ciu.dhis2 import links
from services.ciu.store import (
    conversations,
    deciding,
    exports,
    forgetting,
    programmes,
    reading,
    recipe_reads,
    recipes,
    records,
    reveals,
    reviews,
    rotating,
    senders,
    settings,
    standing,
)
from services.ciu.store import importing as registers
from tests.builders import people
from tests.ciu.clinic import Clinic

NOBODY = ids.new_id()
WHY = "Essai des droits"
DAY = date(2026, 11, 21)
EVERYBODY, ACTING, ADMINISTERING = "admin operateur lecteur", "admin operateur", "admin"


@dataclass(frozen=True)
class Act:
    """What somebody does, on a thing that does not exist: whoever may is told so, whoever may not is refused."""

    run: Callable[[Any, Actor], Any]
    roles: str


ACTS = {
    "look at the figures": Act(lambda s, a: reports.get_figures(s, a, reports.last_days(s, a)), EVERYBODY),
    "look at how it stands": Act(standing.get_standing, EVERYBODY),
    "check a code": Act(lambda s, a: reading.check_code(s, a, "985"), EVERYBODY),
    "ask for counts": Act(
        lambda s, a: exports.request_export(
            s, a, exports.RequestExport(kind=ExportKind.AGGREGATE, since=DAY, until=DAY)
        ),
        EVERYBODY,
    ),
    "list files": Act(exports.list_exports, EVERYBODY),
    "ask for codes one by one": Act(
        lambda s, a: exports.request_export(
            s, a, exports.RequestExport(kind=ExportKind.ROWS, since=DAY, until=DAY, reason=WHY)
        ),
        ACTING,
    ),
    "ask for numbers": Act(
        lambda s, a: exports.request_export(
            s, a, exports.RequestExport(kind=ExportKind.ROWS, since=DAY, until=DAY, reason=WHY, has_phones=True)
        ),
        ADMINISTERING,
    ),
    "list codes": Act(lambda s, a: records.list_records(s, a, records.RecordSearch()), ACTING),
    "find a code": Act(lambda s, a: records.find_codes(s, a, "985-KINS"), ACTING),
    "list codes by program": Act(lambda s, a: reading.list_codes(s, a, reading.ListCodes()), ACTING),
    "open a code": Act(lambda s, a: records.get_record(s, a, NOBODY), ACTING),
    "read numbers": Act(
        lambda s, a: reveals.reveal_phones(s, a, reveals.RevealPhones(record_id=NOBODY, reason=WHY)), ACTING
    ),
    "forget a code": Act(
        lambda s, a: forgetting.forget_code(s, a, forgetting.ForgetCode(record_id=NOBODY, reason=WHY)), ACTING
    ),
    "look at conversations": Act(conversations.list_conversations, ACTING),
    "end a conversation": Act(
        lambda s, a: conversations.end_conversation(
            s, a, conversations.EndConversation(conversation_id=NOBODY, reason=WHY)
        ),
        ACTING,
    ),
    "look at duplicates": Act(reviews.list_pairs, ACTING),
    "count duplicates": Act(reviews.count_pairs, ACTING),
    "open a duplicate": Act(lambda s, a: reviews.get_pair(s, a, NOBODY), ACTING),
    "list the duplicates of a code": Act(lambda s, a: reviews.list_pairs_of(s, a, NOBODY), ACTING),
    "decide a duplicate": Act(
        lambda s, a: deciding.decide(s, a, deciding.DecidePair(pair_id=NOBODY, decision="same", reason=WHY)), ACTING
    ),
    "take a decision back": Act(
        lambda s, a: deciding.undo(s, a, deciding.UndoDecision(pair_id=NOBODY, reason=WHY)), ACTING
    ),
    "part two people": Act(
        lambda s, a: deciding.split_record(
            s, a, deciding.SplitRecord(record_id=NOBODY, identity_id=NOBODY, reason=WHY)
        ),
        ACTING,
    ),
    "list recipes": Act(lambda s, a: recipe_reads.list_recipes(s, a, "ciu"), ACTING),
    "begin a draft": Act(lambda s, a: recipes.begin_draft(s, a, recipes.BeginDraft(recipe_id=NOBODY)), ACTING),
    "discard a draft": Act(
        lambda s, a: recipes.discard_recipe(s, a, recipes.DiscardRecipe(recipe_id=NOBODY, checksum="x")), ACTING
    ),
    "publish a recipe": Act(
        lambda s, a: recipes.publish_recipe(s, a, recipes.PublishRecipe(recipe_id=NOBODY, checksum="x")), ADMINISTERING
    ),
    "roll a recipe back": Act(
        lambda s, a: recipes.roll_back_recipe(s, a, recipes.RollBackRecipe(recipe_id=NOBODY)), ADMINISTERING
    ),
    "erase the rehearsals": Act(rehearsing.erase, ACTING),
    "let a rehearsal expire": Act(lambda s, a: rehearsing.expire_now(s, a, NOBODY, "+243000000001"), ACTING),
    "settle a conflict with DHIS2": Act(
        lambda s, a: links.settle_conflict(s, a, links.SettleConflict(link_id=NOBODY, decision="again", reason=WHY)),
        ACTING,
    ),
    "look at the settings": Act(settings.list_programmes, ADMINISTERING),
    "look at the keys": Act(settings.list_keys, ADMINISTERING),
    "close a number": Act(
        lambda s, a: senders.close_sender(s, a, senders.CloseSender(sender_id=NOBODY, reason=WHY)), ADMINISTERING
    ),
    "retire a key": Act(lambda s, a: rotating.retire_key(s, a, 99, 0), ADMINISTERING),
    "import a register": Act(
        lambda s, a: registers.import_rows(s, a, programmes.get_default(s), []),
        ADMINISTERING,
    ),
    "rehearse an import": Act(lambda s, a: registers.check_rows(s, a, []), ADMINISTERING),
}
ROLES = {
    "admin": (Grant(Scope.PLATFORM, Role.ADMIN),),
    "operateur": (Grant(Scope.CIU, Role.OPERATEUR),),
    "lecteur": (Grant(Scope.CIU, Role.LECTEUR),),
    "operateur de l'USSD": (Grant(Scope.USSD, Role.OPERATEUR),),
    "GESTIONNAIRE": (Grant(Scope.ORGANISATION, Role.GESTIONNAIRE, ids.new_id()),),
    "membre": (Grant(Scope.PLATFORM, Role.MEMBRE),),
    "personne": (),
}


@pytest.mark.parametrize("role", ROLES)
def test_every_act_by_a_role(clinic: Clinic, role: str) -> None:
    person = people.person(clinic.database, "quelquun@palabre.example")
    actor = Actor(person, "Quelqu'un", ROLES[role])
    wrong = []
    for name, act in ACTS.items():
        is_refused = False
        try:
            with clinic.database.transaction() as session:
                act.run(session, actor)
        except Forbidden:
            is_refused = True
        except Refusal:
            pass
        if is_refused == (role in act.roles.split(" ")):
            wrong.append(name)
    assert wrong == []


def test_an_observer_holds_no_permission_but_to_look() -> None:
    reader = Actor(None, "Léa", ROLES["lecteur"])
    assert {one for one in Permission if one.value.startswith("ciu.") and reader.may(one)} == {Permission.CIU_READ}
