"""Texts that no database can hold stop at the door."""

import pytest
from pydantic import Field, ValidationError

from core.orders import Order


class Sample(Order):
    text: str = ""
    more: dict[str, list[str]] = Field(default_factory=dict)


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "fin \udfff"])
def test_nul_and_half_characters_are_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Sample(text=text)
    assert refused.value.errors()[0]["loc"] == ("text",)
    with pytest.raises(ValidationError):
        Sample(more={"a": [text]})
    with pytest.raises(ValidationError):
        Sample(more={text: []})


def test_every_real_text_passes() -> None:
    assert Sample(text="Noël 🌳 ŋ\n").text == "Noël 🌳 ŋ\n"


def test_an_order_does_not_change() -> None:
    with pytest.raises(ValidationError):
        Sample(text="a").text = "b"  # type: ignore[misc]
