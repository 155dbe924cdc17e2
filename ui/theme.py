"""The look: tokens once, light and dark; one stylesheet, our own fonts, nothing from outside.

Every colour and every pixel is here, in `assets/css/` and in `components/`; a page has none of its own.
"""

import gzip
import hashlib
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from fastapi import FastAPI, Request, Response
from nicegui import app, ui
from starlette.staticfiles import StaticFiles

ASSETS = Path(__file__).parent / "assets"
ADDRESS = "/_palabre"
PUSH_WORKER = "/push-worker.js"  # at the root: a worker serves the pages below its own address
SCHEME = "scheme"  # the key in app.storage.user
FOREVER = "public, max-age=31536000, immutable"

# token: (light, dark), from the design's own table
TOKENS: dict[str, tuple[str, str]] = {
    "page": ("#F7F5F0", "#111412"),
    "card": ("#FFFFFF", "#181C1A"),
    "sunk": ("#FBFAF7", "#1D2220"),
    "line": ("#E8E4DB", "#272D2A"),
    "line-strong": ("#D5CFC3", "#39413D"),
    "control": ("#8C8678", "#737C76"),
    "ink": ("#1C1B18", "#ECEBE5"),
    "ink-2": ("#55514A", "#B7B9B1"),
    "ink-3": ("#6E695F", "#949990"),
    "accent": ("#14573F", "#62C198"),
    "accent-hover": ("#0E4431", "#7AD0AB"),
    "accent-on": ("#FFFFFF", "#07140E"),
    "accent-soft": ("#E7F0EA", "#1B2E26"),
    "ochre": ("#B8802A", "#DDA84C"),
    "ochre-text": ("#85560B", "#E5B661"),
    "ochre-soft": ("#FAF1DF", "#302819"),
    "red": ("#B3261E", "#F2918A"),
    "red-soft": ("#FBECEA", "#3A2220"),
    "blue": ("#2D5F8B", "#8BB7DF"),
    "blue-soft": ("#E9F0F7", "#1D2A36"),
    "neutral-soft": ("#F1EEE7", "#232927"),
    "track": ("#ECE8DF", "#262D2A"),
    "veil": ("#1C1B1873", "#000000A6"),
    "lift": ("#1C1B1824", "#00000080"),
    "screen": ("#F1EEE7", "#0B0D0C"),
}

# What Plotly may paint with: it knows no CSS variables, so a figure speaks light and the stylesheet translates.
INKS = ("accent", "ochre", "blue", "red", "ink", "ink-2", "ink-3", "line", "line-strong", "control", "card", "track")


class Scheme(StrEnum):
    """What a person chose; the system's own choice unless he did."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


def ink(token: str) -> str:
    """Return the colour a chart is painted with; the stylesheet turns it dark where the page is dark."""
    return TOKENS[token][0]


def chosen_scheme() -> Scheme:
    """Return this browser's choice."""
    return Scheme(app.storage.user.get(SCHEME, Scheme.SYSTEM))


def choose_scheme(scheme: Scheme) -> None:
    """Keep this browser's choice and show it at once."""
    app.storage.user[SCHEME] = scheme.value
    ui.run_javascript(f"palabre.scheme('{scheme.value}')")


def apply(language: str) -> None:
    """Give the page being drawn its scheme and language before anything is painted."""
    scheme = chosen_scheme()
    if scheme is not Scheme.SYSTEM:
        ui.add_head_html(f"<script>document.documentElement.dataset.scheme = '{scheme.value}'</script>")
    if language == "en":
        ui.add_head_html("<script>document.documentElement.lang = 'en'</script>")
    ui.dark_mode({Scheme.SYSTEM: None, Scheme.LIGHT: False, Scheme.DARK: True}[scheme])


def install(server: FastAPI) -> None:
    """Serve the stylesheet, the fonts and the pictures from `server`, and put them on every page."""
    server.get(f"{ADDRESS}/style.css", include_in_schema=False)(_serve_stylesheet)
    server.get(PUSH_WORKER, include_in_schema=False)(_serve_push_worker)
    server.mount(ADDRESS, _Assets(directory=ASSETS), name="palabre-assets")
    ui.add_head_html(head(), shared=True)


def head() -> str:
    """Return what every page's head holds: constants only."""
    return (
        f'<link rel="preload" as="font" type="font/woff2" crossorigin href="{_font("inter-latin-wght-normal.woff2")}">'
        f'<link rel="preload" as="font" type="font/woff2" crossorigin href="{_font("symbols.woff2")}">'
        f'<link rel="stylesheet" href="{ADDRESS}/style.css?v={_digest()}">'
        f'<script defer src="{ADDRESS}/palabre.js?v={_digest()}"></script>'
        '<meta name="theme-color" media="(prefers-color-scheme: light)" content="#F7F5F0">'
        '<meta name="theme-color" media="(prefers-color-scheme: dark)" content="#111412">'
    )


@lru_cache(maxsize=1)
def stylesheet() -> str:
    """Return the whole stylesheet: fonts, tokens, then the files of `assets/css/` in order."""
    files = sorted((ASSETS / "css").glob("*.css"))
    return "\n".join((_faces(), _tokens(), _chart_inks(), *(path.read_text() for path in files)))


@lru_cache(maxsize=1)
def _digest() -> str:
    script = (ASSETS / "palabre.js").read_text()
    return hashlib.sha256((stylesheet() + script).encode()).hexdigest()[:12]


@lru_cache(maxsize=1)
def _compressed() -> bytes:
    return gzip.compress(stylesheet().encode(), mtime=0)


def _serve_stylesheet(request: Request) -> Response:
    headers = {"Cache-Control": FOREVER, "Vary": "Accept-Encoding"}
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(stylesheet(), media_type="text/css", headers=headers)
    return Response(_compressed(), media_type="text/css", headers=headers | {"Content-Encoding": "gzip"})


def _serve_push_worker() -> Response:
    script = (ASSETS / "push-worker.js").read_bytes()
    return Response(script, media_type="text/javascript", headers={"Cache-Control": "no-cache"})


class _Assets(StaticFiles):
    """Files that change name or version when they change: a browser keeps them."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response: Response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = FOREVER
        return response


def _font(name: str) -> str:
    return f"{ADDRESS}/fonts/{name}"


def _faces() -> str:
    latin_extended = (
        "U+0100-02BA, U+02BD-02C5, U+02C7-02CC, U+02CE-02D7, U+02DD-02FF, U+1D00-1DBF, U+1E00-1E9F, U+1EF2-1EFF, "
        "U+2020, U+20A0-20AB, U+20AD-20C0, U+2113, U+2C60-2C7F, U+A720-A7FF"
    )
    return f"""
@font-face {{ font-family: Inter; font-weight: 100 900; font-display: swap;
  src: url("{_font("inter-latin-wght-normal.woff2")}") format("woff2"); }}
@font-face {{ font-family: Inter; font-weight: 100 900; font-display: swap; unicode-range: {latin_extended};
  src: url("{_font("inter-latin-ext-wght-normal.woff2")}") format("woff2"); }}
@font-face {{ font-family: Symbols; font-weight: 350; font-display: block;
  src: url("{_font("symbols.woff2")}") format("woff2"); }}"""


def _tokens() -> str:
    light = " ".join(f"--{name}: {value[0]};" for name, value in TOKENS.items())
    dark = " ".join(f"--{name}: {value[1]};" for name, value in TOKENS.items())
    return f"""
:root, .scheme-light {{ color-scheme: light; {light} }}
@media (prefers-color-scheme: dark) {{ :root:not([data-scheme="light"]) {{ color-scheme: dark; {dark} }} }}
:root[data-scheme="dark"], .scheme-dark {{ color-scheme: dark; {dark} }}
body, .scheme-light, .scheme-dark {{ --q-primary: var(--accent) !important; --q-negative: var(--red) !important;
  --q-positive: var(--accent) !important;
  --q-dark: var(--card); --q-dark-page: var(--page); }}"""


def _chart_inks() -> str:
    rules = []
    for name in INKS:
        painted = "rgb({}, {}, {})".format(*bytes.fromhex(ink(name)[1:]))
        rules += [
            f'.chart [style*="{kind}: {painted}"] {{ {kind}: var(--{name}) !important; }}'
            for kind in ("stroke", "fill")
        ]
    return "\n".join(rules)
