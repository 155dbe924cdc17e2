"""What a verb is asked: frozen input, free of what a database or a hash cannot hold."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, field_validator

from core.i18n import t


def storable(value: Any) -> Any:
    """Return `value`, or raise when a text in it cannot be UTF-8 or stored by PostgreSQL.

    A NUL or half a surrogate pair is valid JSON, and stops at the door.
    """
    if not is_storable(value):
        raise ValueError(t("caractère interdit"))
    return value


_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

Text = Annotated[str, AfterValidator(storable)]


class Order(BaseModel):
    """The input of a verb. Unknown fields are ignored; values are never echoed by an error."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    @field_validator("*")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        return storable(value)


def made_storable(value: Any, sign: str = "?") -> Any:
    """Return what came from outside with a sign in place of each mark that no row can hold: for what must be taken."""
    if isinstance(value, str):
        return _UNSTORABLE.sub(sign, value)
    if isinstance(value, dict):
        return {made_storable(key, sign): made_storable(item, sign) for key, item in value.items()}
    if isinstance(value, list):
        return [made_storable(item, sign) for item in value]
    return value


def is_storable(value: Any) -> bool:
    """Say whether every text in `value` can be UTF-8 and stored by PostgreSQL."""
    if isinstance(value, str):
        return _UNSTORABLE.search(value) is None
    if isinstance(value, dict):
        return all(is_storable(key) and is_storable(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return all(map(is_storable, value))
    return True
