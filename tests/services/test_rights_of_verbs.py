"""Role × act: every verb and read of the house that is told who asks, by each kind of person, denied by default.

A verb checks the right before it looks at anything, so an order without content is refused all the same. Whoever adds
a verb that anybody may call says so below, with the reason.
"""

import importlib
import inspect
import pkgutil
import typing
from collections.abc import Callable, Iterator
from types import ModuleType, NoneType, UnionType
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel

import channels
import reports
import services
from core import ids
from core.database import Session
from core.errors import Forbidden, NotFound
from core.permissions import Actor, Grant, Role, Scope

# What anybody who is signed in may call, and why. It acts on what is his own, finds only what he may see, or is a step
# of verbs that have looked at the right before.
_OPEN = """
reports.ciu.waiting.list_waiting reports.feed.list_events reports.home.get_home reports.home.list_tiles
reports.home.list_waiting reports.pension_waiting.list_waiting reports.pensions.batch.batch_report
reports.pensions.figures.get_totals reports.pensions.figures.list_cycles reports.pensions.figures.list_days
services.approvals.ask services.approvals.count_to_decide services.approvals.decide services.approvals.get_approval
services.approvals.list_waiting services.approvals.withdraw services.audit.record services.catalogue.mark_deleted
services.gateways.keep services.merchant_days.get_day services.merchants.find_own services.merchants.get_merchant
services.messages.browsers.find_browser services.messages.browsers.get_push_door
services.messages.browsers.list_browsers services.messages.browsers.subscribe_push
services.messages.browsers.unsubscribe_push services.messages.preferences.list_preferences
services.messages.preferences.set_preference services.orders.writing.write services.organisations.get_organisation
services.organisations.list_organisations services.pensions.accounts.list_accounts
services.pensions.attention.count_attention services.pensions.attention.list_attention
services.pensions.batches.accepting.accept services.pensions.batches.accepting.record
services.pensions.batches.ground.locked services.pensions.file_reading.each_file_error services.pensions.hints.note
services.pensions.oversight.note_batch services.pensions.oversight.note_list services.pensions.policy.as_of_now
services.pensions.policy.require services.pensions.reading.list_batches services.pensions.reading.readable
services.provider_accounts.hosts.require_allowed services.simulators.desk.fire_callback
services.tariff_changes.calculate services.transfers.requests.cancel services.transfers.requests.request
services.transfers.transitions.write_first_event services.unknowns.cases.close_mismatches
services.unknowns.proofs.keep_proof services.users.accounts.confirm_proof services.users.accounts.export_self
services.users.accounts.request_proof services.users.accounts.update_profile
services.users.consoles.end_console_session services.users.consoles.list_console_sessions
services.users.passwords.change_password services.users.tokens.sign_out services.users.totp.confirm_totp
services.users.totp.drop_totp services.users.totp.enrol_totp services.wallets.people.register
services.wallets.purchases.buy_airtime
"""
OPEN = frozenset(_OPEN.split())
# Another organisation's pensions are not there at all; test_policy.py of the pensions lets everybody try everything.
HIDDEN = ("services.pensions.", "reports.pensions.")
READS = ("list_", "get_", "count_", "find_", "preview_", "check_", "compare_", "print_", "what_if")

NOBODY = Actor(ids.new_id(), "Passant")
READER = Actor(ids.new_id(), "Lecteur", (Grant(Scope.USSD, Role.LECTEUR),))
OPERATOR = Actor(ids.new_id(), "Opérateur", (Grant(Scope.USSD, Role.OPERATEUR),))
ELSEWHERE = Actor(ids.new_id(), "Gestionnaire", (Grant(Scope.ORGANISATION, Role.GESTIONNAIRE, ids.new_id()),))
KEY = Actor(None, "Clé", api_key_id=ids.new_id(), key_scopes=frozenset({"ussd"}))


def _modules(root: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(root.__path__, f"{root.__name__}."):
        yield importlib.import_module(found.name)


def verbs() -> dict[str, Callable[..., Any]]:
    """Return every public function that takes a session and who asks."""
    return {
        f"{module.__name__}.{name}": function
        for root in (services, reports, channels)
        for module in _modules(root)
        for name, function in vars(module).items()
        if inspect.isfunction(function)
        and function.__module__ == module.__name__
        and not name.startswith("_")
        and "actor" in inspect.signature(function).parameters
        and "session" in next(iter(inspect.signature(function).parameters))
    }


def _sample(kind: Any) -> Any:
    """Return a value of a type, as empty as can be."""
    if typing.get_origin(kind) in (typing.Union, UnionType):
        return None if NoneType in typing.get_args(kind) else _sample(typing.get_args(kind)[0])
    if kind is UUID:
        return ids.new_id()
    if inspect.isclass(kind) and issubclass(kind, BaseModel):
        wanted = {name: field for name, field in kind.model_fields.items() if field.is_required()}
        return kind.model_construct(**{name: _sample(field.annotation) for name, field in wanted.items()})
    return {str: "", int: 1, bool: True}.get(kind)


def call(function: Callable[..., Any], session: Session, actor: Actor) -> BaseException | None:
    """Ask for an act with nothing in hand; return what it was answered with."""
    hints = typing.get_type_hints(function)
    first, *others = inspect.signature(function).parameters.values()
    values = {
        parameter.name: actor if parameter.name == "actor" else _sample(hints[parameter.name])
        for parameter in others
        if parameter.default is inspect.Parameter.empty
    }
    try:
        with session.begin_nested():
            function(**{first.name: session}, **values)
    except BaseException as error:  # noqa: BLE001  # what it is says whether the right was looked at first
        return error
    return None


def unguarded(session: Session, actor: Actor) -> dict[str, str]:
    """Return the acts that this actor was not refused, and how they went on."""
    answers = {name: call(function, session, actor) for name, function in verbs().items()}
    return {name: type(answer).__name__ for name, answer in answers.items() if not _is_refused(name, answer)}


def _is_refused(name: str, answer: BaseException | None) -> bool:
    return isinstance(answer, Forbidden) or (name.startswith(HIDDEN) and isinstance(answer, NotFound))


@pytest.mark.parametrize("actor", [NOBODY, ELSEWHERE, KEY], ids=["nobody", "gestionnaire", "key of a gateway"])
def test_who_has_no_role_here_is_refused_everything(rolled_back: Session, actor: Actor) -> None:
    pensions = {name for name in verbs() if name.startswith("services.organisations.")}
    assert {name: how for name, how in unguarded(rolled_back, actor).items() if name not in OPEN | pensions} == {}


def test_a_reader_changes_nothing(rolled_back: Session) -> None:
    acts = {
        name: how
        for name, how in unguarded(rolled_back, READER).items()
        if name not in OPEN and not name.rpartition(".")[2].startswith(READS)
    }
    assert acts == {}


def test_an_operator_touches_no_key_no_gateway_and_no_role(rolled_back: Session) -> None:
    held = unguarded(rolled_back, OPERATOR)
    kept = ("services.api_keys.", "channels.ussd.accounts.", "services.gateways.", "services.users.administration.")
    acts = {name for name in held.keys() - OPEN if name.startswith(kept)}
    assert {name for name in acts if not name.rpartition(".")[2].startswith(READS)} == set()


def test_what_is_open_to_all_is_still_there() -> None:
    assert sorted(OPEN - verbs().keys()) == []
