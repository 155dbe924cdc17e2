"""A programme on the screen: its operator, an observer, and people who write to it."""

from collections.abc import Callable
from typing import Any

import pytest

from core.database import Database
from core.permissions import Role, Scope
from tests.builders.chats import Town, open_town
from tests.ui.conftest import signed_in


@pytest.fixture
def town(open_console: Any, house: Database) -> Town:
    """Give a programme nobody has written to yet; the keys are those of the console."""
    assert open_console is not None
    return open_town(house)


@pytest.fixture
def enter(open_console: Any, town: Town) -> Callable[..., Any]:
    """Open the console as somebody with a role on the identifiers."""

    def as_(role: Role = Role.OPERATEUR, name: str = "Grâce Mbuyi", scope: Scope = Scope.CIU) -> Any:
        return open_console(signed_in(town.database, name, scope, role))

    return as_
