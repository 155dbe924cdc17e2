"""What a verb is asked: frozen input, free of what a database or a hash cannot hold."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, model_validator


class Order(BaseModel):
    """The input of a verb. Unknown fields are ignored; values are never echoed by an error.

    A NUL or half a surrogate pair is valid JSON, but PostgreSQL stores neither: such a text is refused here, once.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    @model_validator(mode="after")
    def _storable(self) -> Self:
        for name, value in self:
            if not is_storable(value):
                raise ValueError(f"{name} : caractère interdit")
        return self


def is_storable(value: Any) -> bool:
    """Say whether every text inside `value` can be written as UTF-8 and stored by PostgreSQL."""
    if isinstance(value, str):
        return "\x00" not in value and not any("\ud800" <= mark <= "\udfff" for mark in value)
    if isinstance(value, dict):
        return all(is_storable(key) and is_storable(item) for key, item in value.items())
    if isinstance(value, list | tuple):
        return all(map(is_storable, value))
    return True
