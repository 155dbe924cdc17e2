"""Rights: every role against every permission, and nobody else's organisation."""

from uuid import UUID

import pytest

from core.errors import Forbidden
from core.permissions import GRANTS, SYSTEM, Actor, Grant, Permission, Role, Scope

USER = UUID("01890000-0000-7000-8000-000000000001")
HERE = UUID("01890000-0000-7000-8000-00000000000a")
ELSEWHERE = UUID("01890000-0000-7000-8000-00000000000b")

# Written out once more, on purpose: a right that appears or disappears in the code must be told here too.
EXPECTED: dict[tuple[Scope, Role], set[str]] = {
    (Scope.PLATFORM, Role.ADMIN): {permission.value for permission in Permission}
    - {"pensions.write", "pensions.approve", "pensions.release"},
    (Scope.PLATFORM, Role.MEMBRE): {"profile"},
    (Scope.USSD, Role.OPERATEUR): {
        *("profile", "ussd.read", "ussd.texts.read", "ussd.act", "ussd.simulate"),
        *("ussd.menus.write", "ussd.switch", "ussd.tariffs.write", "ussd.offers.write", "ussd.merchants.write"),
        *("ussd.surveys.write", "ussd.notices.write"),
        *("subscribers.read", "subscribers.write"),
        *("payments.read", "payments.exchanges.read", "payments.act", "payments.refund", "payments.pause"),
        *("payments.simulate", "outbox.read", "messages.write"),
    },
    (Scope.USSD, Role.LECTEUR): {"profile", "ussd.read", "subscribers.read", "payments.read"},
    (Scope.CIU, Role.OPERATEUR): {"profile", "ciu.read", "ciu.act"},
    (Scope.CIU, Role.LECTEUR): {"profile", "ciu.read"},
    (Scope.ORGANISATION, Role.GESTIONNAIRE): {
        *("profile", "pensions.read", "pensions.write", "pensions.pause", "pensions.release", "pensions.settle"),
    },
    (Scope.ORGANISATION, Role.SUPERVISEUR): {
        *("profile", "pensions.read", "pensions.approve", "pensions.pause", "pensions.release", "pensions.settle"),
    },
}


def actor(*grants: Grant) -> Actor:
    return Actor(user_id=USER, name="Awa", grants=grants)


@pytest.mark.parametrize("permission", Permission)
@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("scope", Scope)
def test_every_role_in_every_scope_against_every_permission(scope: Scope, role: Role, permission: Permission) -> None:
    organisation_id = HERE if scope is Scope.ORGANISATION else None
    person = actor(Grant(scope, role, organisation_id))
    expected = permission.value in EXPECTED.get((scope, role), {"profile"})
    assert person.may(permission, organisation_id) == expected
    if expected:
        person.require(permission, organisation_id)
    else:
        with pytest.raises(Forbidden) as refusal:
            person.require(permission, organisation_id)
        assert refusal.value.data == {"required": permission.value}


def test_the_table_has_no_other_row() -> None:
    assert set(GRANTS) == set(EXPECTED)


def test_a_role_in_one_organisation_is_nothing_in_another() -> None:
    manager = actor(Grant(Scope.ORGANISATION, Role.GESTIONNAIRE, HERE))
    assert manager.may(Permission.PENSIONS_WRITE, HERE)
    assert not manager.may(Permission.PENSIONS_WRITE, ELSEWHERE)
    assert manager.may(Permission.PENSIONS_WRITE)


def test_a_user_without_an_organisation_matches_no_organisation() -> None:
    lost = actor(Grant(Scope.ORGANISATION, Role.GESTIONNAIRE, None))
    assert not lost.may(Permission.PENSIONS_READ, HERE)


def test_an_administrator_sees_every_organisation() -> None:
    administrator = actor(Grant(Scope.PLATFORM, Role.ADMIN))
    assert administrator.is_admin
    assert administrator.may(Permission.PENSIONS_READ, ELSEWHERE)
    assert not administrator.may(Permission.PENSIONS_WRITE, ELSEWHERE)
    assert not actor(Grant(Scope.USSD, Role.OPERATEUR)).is_admin


def test_nobody_has_no_right_and_the_system_has_all() -> None:
    nobody = Actor(user_id=None, name="clé d'API")
    assert not any(nobody.may(permission) for permission in Permission)
    assert all(SYSTEM.may(permission, HERE) for permission in Permission)


def test_a_key_has_the_rights_of_its_scopes_and_no_other() -> None:
    key = Actor(user_id=None, name="clé", key_scopes=frozenset({"ledger.read", "no.such.right"}))
    assert key.permissions() == {Permission.LEDGER_READ}


def test_roles_add_up() -> None:
    both = actor(Grant(Scope.USSD, Role.LECTEUR), Grant(Scope.CIU, Role.OPERATEUR))
    assert {permission.value for permission in both.permissions()} == {
        *("profile", "ussd.read", "subscribers.read", "payments.read", "ciu.read", "ciu.act"),
    }
