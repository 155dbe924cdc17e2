"""What a connector is made of, as data: what it takes, what it asks, what of the answer becomes a variable."""

import re
from collections.abc import Iterator
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from core.i18n import t
from core.orders import Order
from models.offers import FakeMode

NAME = r"^[a-z][a-z0-9_]{1,31}$"
LONGEST_TEMPLATE = 500
LONGEST_TIMEOUT_MS = 2_500
MOST_PARTS = 20
OWN_OUTCOMES = frozenset({"ok", "refused", "down"})
HIDDEN_HEADERS = frozenset({"host", "content-length", "transfer-encoding", "connection", "content-type"})

PLACE = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
_POINTER = re.compile(r"(/([^~/]|~[01])*)*")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,60}")
_PLAIN = re.compile(r"[\x20-\x7e]{0,500}")


class Part(BaseModel):
    """A piece of a connector: immutable, and without fields nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Input(Part):
    """One variable of the flow that the connector sends."""

    name: str = Field(pattern=NAME)
    type: Literal["text", "int", "money", "phone", "date"] = "text"
    max: int = Field(default=40, ge=1, le=160)


class Output(Part):
    """One value of the answer (by JSON pointer) that becomes a variable of the flow."""

    name: str = Field(pattern=NAME)
    pointer: str = Field(max_length=200)
    type: Literal["text", "int", "money", "phone", "date"] = "text"
    max: int = Field(default=40, ge=1, le=400)
    is_optional: bool = False

    @field_validator("pointer")
    @classmethod
    def _is_pointer(cls, pointer: str) -> str:
        return require_pointer(pointer)


class OutcomeRule(Part):
    """What an answer means to the flow: by its status, or by a field of it. The first that holds decides."""

    outcome: str = Field(pattern=r"^[a-z][a-z0-9_]{0,19}$")
    status: int | None = Field(default=None, ge=100, le=599)
    pointer: str | None = Field(default=None, max_length=200)
    equals: str | int | bool | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if self.status is None and self.pointer is None:
            raise ValueError(t("un statut HTTP ou un champ de la réponse"))
        if self.pointer is not None:
            require_pointer(self.pointer)
        return self


class Canned(Part):
    """What a connector on trial answers instead of asking."""

    status: int = Field(default=200, ge=100, le=599)
    body: Any = None


class SaveConnector(Order):
    """A connector to add, or (`connector_id`) what one is from now on.

    `secrets` are values of headers, by name; a name that is not given keeps the secret it has, an empty one forgets it.
    """

    name: str = Field(pattern=NAME)
    label: str = Field(default="", max_length=80)
    base_url: str = Field(max_length=300)
    method: Literal["GET", "POST"] = "GET"
    path: str = Field(default="/", max_length=LONGEST_TEMPLATE, pattern=r"^/")
    body: dict[str, Any] = Field(default={})
    headers: dict[str, str] = Field(default={})
    secrets: dict[str, str] = Field(default={}, repr=False)
    timeout_ms: int = Field(default=2_000, ge=100, le=LONGEST_TIMEOUT_MS)
    inputs: tuple[Input, ...] = Field(default=(), max_length=MOST_PARTS)
    outputs: tuple[Output, ...] = Field(default=(), max_length=MOST_PARTS)
    outcomes: tuple[OutcomeRule, ...] = Field(default=(), max_length=MOST_PARTS)
    fake: FakeMode = FakeMode.OFF
    canned: dict[FakeMode, Canned] = Field(default={})
    is_active: bool = True

    @field_validator("headers", "secrets")
    @classmethod
    def _headers(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if not _HEADER.fullmatch(name) or name.lower() in HIDDEN_HEADERS or not _PLAIN.fullmatch(value):
                raise ValueError(t("en-tête refusé : {name}").format(name=name[:60]))
        return headers

    @model_validator(mode="after")
    def _known_places(self) -> Self:
        known = {each.name for each in self.inputs}
        for name in {*places(self.path), *places(self.body)} - known:
            raise ValueError(t("variable inconnue : {name}").format(name=name))
        if any("{" in value for value in self.headers.values()):
            raise ValueError(t("un en-tête ne prend pas de variable"))
        if self.method == "GET" and self.body:
            raise ValueError(t("un GET n'a pas de corps"))
        names = [each.name for each in self.outputs]
        if len(names) != len(set(names)) or {"connector"} & {*known, *names}:
            raise ValueError(t("deux variables du même nom"))
        return self


def places(template: Any) -> Iterator[str]:
    """Yield the variables a template names, at any depth."""
    if isinstance(template, str):
        yield from PLACE.findall(template)
    elif isinstance(template, dict):
        for value in template.values():
            yield from places(value)
    elif isinstance(template, list):
        for value in template:
            yield from places(value)


def require_pointer(pointer: str) -> str:
    """Return a JSON pointer (RFC 6901), or raise."""
    if not _POINTER.fullmatch(pointer):
        raise ValueError(t("un pointeur JSON, par exemple /data/0/nom"))
    return pointer
