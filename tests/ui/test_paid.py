"""Where a provider's page sends whoever was paying: calm words for anybody, whatever stands in the address."""

from typing import Any

import pytest

from services.transfers import dispatch
from ui import auth

SHOWN = {
    dispatch.RETURN_PATH: ("Paiement en vérification", "Nous vérifions auprès de votre opérateur"),
    dispatch.CANCEL_PATH: ("Paiement abandonné", "Vous pouvez recommencer."),
}


@pytest.mark.parametrize("path", SHOWN)
@pytest.mark.parametrize("query", ["", "?status=SUCCESS&amount=5000&txnid=MP1&<b>=1"])
async def test_whoever_comes_back_reads_that_an_sms_will_confirm(
    open_console: Any, monkeypatch: pytest.MonkeyPatch, path: str, query: str
) -> None:
    async with open_console() as user:
        monkeypatch.setattr(auth, "token", lambda: "")
        await user.open(f"{path}{query}")
        for words in SHOWN[path]:
            await user.should_see(words)
        await user.should_see("SMS vous le confirmera")
        for leaked in ("SUCCESS", "5000", "MP1"):
            await user.should_not_see(leaked)
