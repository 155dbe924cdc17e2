"""Who may do what at the doors of money: every verb against every role, the table written out once more."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from core.database import Database, Session
from core.errors import Forbidden, NotFound, Refusal
from core.permissions import Actor, Grant, Role, Scope
from services import approvals, breaker, inbound, routes, unknowns
from services.approvals import AskApproval, DecideApproval
from services.breaker import CloseBreaker
from services.inbound import EventSearch, ReplayEvent
from services.routes import ChangeRoute
from services.unknowns import AttachProof, CaseSearch, CloseCase, QueueSearch, SettleUnknown
from tests.builders import people

Act = Callable[[Session, Actor], object]
NOWHERE = UUID("01890000-0000-7000-8000-00000000000a")
ADMIN, OPERATOR, READER = (Scope.PLATFORM, Role.ADMIN), (Scope.USSD, Role.OPERATEUR), (Scope.USSD, Role.LECTEUR)
WORKERS, ALL_READERS = {ADMIN, OPERATOR}, {ADMIN, OPERATOR, READER}
OTHERS = (
    (Scope.PLATFORM, Role.MEMBRE),
    (Scope.CIU, Role.OPERATEUR),
    (Scope.CIU, Role.LECTEUR),
    (Scope.ORGANISATION, Role.GESTIONNAIRE),
    (Scope.ORGANISATION, Role.SUPERVISEUR),
)

ASKS = {"subject_type": "x", "subject_id": NOWHERE, "summary": "x", "payload": {}}
VERBS: dict[str, tuple[Act, set[tuple[Scope, Role]]]] = {
    "routes.request_change": (
        lambda s, a: routes.request_change(s, a, ChangeRoute(method="wave", country="SN", direction="collect")),
        {ADMIN},
    ),
    "routes.set_route": (
        lambda s, a: routes.set_route(s, a, ChangeRoute(method="wave", country="SN", direction="collect")),
        set(),
    ),
    "routes.list": (routes.list_routes, ALL_READERS),
    "breaker.close": (
        lambda s, a: breaker.close(s, a, CloseBreaker(account_id=NOWHERE, reason="Réparé")),
        {ADMIN},
    ),
    "approvals.ask route": (lambda s, a: approvals.ask(s, a, AskApproval(kind="route_change", **ASKS)), {ADMIN}),
    "approvals.ask settle": (lambda s, a: approvals.ask(s, a, AskApproval(kind="settle_unknown", **ASKS)), WORKERS),
    "approvals.ask close": (lambda s, a: approvals.ask(s, a, AskApproval(kind="close_case", **ASKS)), WORKERS),
    "unknowns.settle": (
        lambda s, a: unknowns.settle(s, a, SettleUnknown(transfer_id=NOWHERE, to="succeeded", detail="Relevé")),
        WORKERS,
    ),
    "unknowns.attach_proof": (
        lambda s, a: unknowns.attach_proof(
            s, a, AttachProof(transfer_id=NOWHERE, file_name="x", content_type="text/plain", content=b"x")
        ),
        WORKERS,
    ),
    "unknowns.close_case": (
        lambda s, a: unknowns.close_case(s, a, CloseCase(case_id=NOWHERE, resolution="Vu ensemble.")),
        WORKERS,
    ),
    "unknowns.get_proof": (lambda s, a: unknowns.get_proof(s, a, NOWHERE), WORKERS),
    "unknowns.list_unknowns": (lambda s, a: unknowns.list_unknowns(s, a, QueueSearch()), ALL_READERS),
    "unknowns.get_unknown": (lambda s, a: unknowns.get_unknown(s, a, NOWHERE), ALL_READERS),
    "unknowns.list_cases": (lambda s, a: unknowns.list_cases(s, a, CaseSearch()), ALL_READERS),
    "unknowns.get_case": (lambda s, a: unknowns.get_case(s, a, NOWHERE), ALL_READERS),
    "unknowns.list_proofs": (lambda s, a: unknowns.list_proofs(s, a, NOWHERE), ALL_READERS),
    "unknowns.count_queue": (unknowns.count_queue, ALL_READERS),
    "inbound.replay": (lambda s, a: inbound.replay(s, a, ReplayEvent(event_id=NOWHERE)), WORKERS),
    "inbound.get_event": (lambda s, a: inbound.get_event(s, a, NOWHERE), WORKERS),
    "inbound.list_events": (lambda s, a: inbound.list_events(s, a, EventSearch()), ALL_READERS),
}


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_is_for_its_roles_only(database: Database, verb: str) -> None:
    act, allowed = VERBS[verb]
    for number, (scope, role) in enumerate((ADMIN, OPERATOR, READER, *OTHERS)):
        somebody = people.person(database, f"{number}@x.org")
        actor = people.actor(somebody, Grant(scope, role, uuid4() if scope is Scope.ORGANISATION else None))
        is_forbidden = False
        try:
            with database.transaction() as session:
                act(session, actor)
        except Forbidden:
            is_forbidden = True
        except (NotFound, Refusal):
            pass  # it was let in, and found nothing
        assert is_forbidden == ((scope, role) not in allowed), f"{verb} {scope} {role}"


@pytest.mark.parametrize(("kind", "allowed"), [("route_change", {ADMIN}), ("settle_unknown", WORKERS)])
def test_each_question_is_decided_by_its_roles_only(
    database: Database, kind: str, allowed: set[tuple[Scope, Role]]
) -> None:
    chief = people.admin_actor(people.admin(database))
    with database.transaction() as session:
        approval = approvals.ask(session, chief, AskApproval.model_validate({"kind": kind, **ASKS}))
    for number, (scope, role) in enumerate((READER, OPERATOR, ADMIN, *OTHERS)):
        actor = people.actor(people.person(database, f"{number}@x.org"), Grant(scope, role, uuid4()))
        order = DecideApproval(approval_id=approval.id, is_approved=False)
        with database.transaction() as session:
            if (scope, role) in allowed:
                assert approvals.decide(session, actor, order).state == "refused"
                return
            with pytest.raises(Forbidden):
                approvals.decide(session, actor, order)
