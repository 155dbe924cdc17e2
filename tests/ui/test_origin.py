"""No request leaves the server's origin: pages, styles, scripts and pictures name no other place."""

import re
from typing import Any

from ui import theme

ABROAD = re.compile(
    r"""(?:src|href|action|content)\s*=\s*["'](?:https?:)?//|url\(\s*["']?(?:https?:)?//|@import\s+["'](?:https?:)?//"""
    r"""|(?:fetch|import)\(\s*["'](?:https?:)?//|wss?://"""
)


async def test_the_page_and_all_it_loads_stay_here(open_console: Any) -> None:
    async with open_console() as user:
        page = await user.http_client.get("/_galerie")
        assert ABROAD.findall(page.text) == []
        ours = set(re.findall(r"/_palabre/[\w./?=-]+", page.text + theme.stylesheet()))
        assert len(ours) >= 5
        for address in ours:
            answer = await user.http_client.get(address)
            assert answer.status_code == 200, address
            assert "immutable" in answer.headers["cache-control"]
            if not address.endswith(".woff2"):
                assert ABROAD.findall(answer.text) == [], address


def test_the_net_catches_what_it_should() -> None:
    for abroad in (
        '<link href="https://fonts.example/x.css">',
        "url(//cdn.example/a.woff2)",
        '<script src="//cdn.example">',
    ):
        assert ABROAD.search(abroad), abroad


def test_every_font_has_its_licence_beside_it() -> None:
    fonts = {path.name for path in (theme.ASSETS / "fonts").iterdir()}
    assert {"OFL-Inter.txt", "OFL-Material-Symbols.txt", "symbols.woff2"} <= fonts
