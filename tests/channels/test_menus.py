"""The menus Palabre ships: documented keys and French texts, three languages, no option that leads nowhere."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from channels.flow import Text, parse_flow
from tests.channels.fakes import MENUS, Phone, World

FOLDER = Path(__file__).parent.parent.parent / "channels" / "ussd" / "menus"
SHIPPED: dict[str, Any] = {key: yaml.safe_load((FOLDER / f"{key}.yaml").read_text()) for key in ("wallet", "service")}


def french(part: Any) -> Any:
    """Return a piece of a document with every text in French only, as the vectors write them."""
    if isinstance(part, dict):
        return (
            part["fr"] if part.keys() == {"fr", "en", "ln"} else {name: french(value) for name, value in part.items()}
        )
    return [french(value) for value in part] if isinstance(part, list) else part


@pytest.mark.parametrize("key", SHIPPED)
def test_every_screen_is_the_documented_one(key: str) -> None:
    documented = MENUS[key]["screens"]
    for name, screen in french(SHIPPED[key])["screens"].items():
        if name == "v_pin":
            continue  # ours: a silent number, or one with another SIM, proves its PIN first
        expected = dict(documented[name])
        if name == "start" and key == "wallet":
            assert screen["rules"].pop()["to"] == "v_pin"
        if "options" in screen and key == "service":
            assert all(option in expected["options"] for option in screen["options"]), name
            screen["options"] = expected["options"]
        if "found" in screen.get("outcomes", {}) and name.endswith("_do"):
            # The question comes again when another session was faster.
            assert screen["outcomes"].pop("found") == f"{name[0]}_again"
            # What moves inside the house is never pending nor refused from outside.
            is_outside = name in {"b_do", "a_do"}
            expected["outcomes"] = {
                n: to for n, to in expected["outcomes"].items() if is_outside or n not in ("pending", "failed")
            }
        assert screen == expected, name


@pytest.mark.parametrize("key", SHIPPED)
def test_every_text_is_there_in_three_languages(key: str) -> None:
    def texts(part: Any) -> list[Text]:
        if isinstance(part, dict):
            if "fr" in part:
                return [part]
            return [text for value in part.values() for text in texts(value)]
        return [text for value in part for text in texts(value)] if isinstance(part, list) else []

    found = texts(SHIPPED[key]["screens"])
    assert len(found) == {"wallet": 164, "service": 45}[key]
    assert all(text.keys() == {"fr", "en", "ln"} for text in found)
    assert SHIPPED[key]["unreviewed"] == ["ln"]


@pytest.mark.parametrize(
    ("language", "title", "confirm"),
    [
        (
            "fr",
            "Montant à envoyer à Jean Nkolo:",
            "Montant: 5 000 FCFA\nFrais: 50 FCFA\nTotal: 5 050 FCFA\n1. Confirmer",
        ),
        ("en", "Amount to send to Jean Nkolo:", "Amount: 5 000 FCFA\nFee: 50 FCFA\nTotal: 5 050 FCFA\n1. Confirm"),
        (
            "ln",
            "Mbongo ya kotindela Jean Nkolo:",
            "Mbongo: 5 000 FCFA\nLifuti: 50 FCFA\nNyonso: 5 050 FCFA\n1. Ndimisa",
        ),
    ],
)
def test_a_transfer_speaks_the_subscribers_language(language: str, title: str, confirm: str) -> None:
    phone = Phone(parse_flow(SHIPPED["wallet"]), World.fresh(), language=language)
    phone.dial()
    assert phone.walk("1", "677000002") == title
    assert confirm in phone.answer("5000")
    phone.walk("1", "48213")
    assert phone.is_over
    assert phone.reply is not None
    assert phone.reply.goal == "transfer_done"


def test_choosing_a_language_changes_the_next_screen() -> None:
    phone = Phone(parse_flow(SHIPPED["wallet"]), World.fresh())
    phone.dial()
    assert phone.walk("9", "3", "2") == "Language saved."
