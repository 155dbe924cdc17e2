"""The texts of a PDF that fpdf2 wrote, page by page, as a reader's search finds them."""

import re
import zlib

_OBJECT = re.compile(rb"(\d+) 0 obj\n(.*?)\nendobj", re.DOTALL)
_STREAM = re.compile(rb"stream\r?\n(.*)\r?\nendstream", re.DOTALL)
_SHOWN = re.compile(rb"/(F\d+) [\d.]+ Tf|\(((?:\\.|[^\\)])*)\) Tj", re.DOTALL)
_PAIR = re.compile(rb"<([0-9A-Fa-f]{4})> <([0-9A-Fa-f]+)>")
_NARROW = "\N{NARROW NO-BREAK SPACE}"
_ESCAPES = {b"\\r": b"\r", b"\\n": b"\n", b"\\(": b"(", b"\\)": b")", b"\\\\": b"\\"}


def texts_of(content: bytes) -> list[str]:
    """Return what each page says, its pieces joined by lines, every blank a plain one."""
    objects = {int(number): body for number, body in _OBJECT.findall(content)}
    fonts = {
        name.decode(): _signs(objects, objects[int(number)])
        for body in objects.values()
        for name, number in re.findall(rb"/(F\d+) (\d+) 0 R", body)
    }
    pages = [body for _, body in sorted(objects.items()) if re.search(rb"/Type /Page\b", body)]
    return [_text(objects[int(_found(rb"/Contents (\d+) 0 R", page))], fonts) for page in pages]


def _text(body: bytes, fonts: dict[str, dict[int, str]]) -> str:
    font, said = "", []
    for name, shown in _SHOWN.findall(_unpacked(body)):
        if name:
            font = name.decode()
            continue
        octets = re.sub(rb"\\.", lambda found: _ESCAPES[found[0]], shown, flags=re.DOTALL)
        signs = fonts[font]
        if signs:
            pairs = zip(octets[::2], octets[1::2], strict=True)
            said.append("".join(signs.get(high << 8 | low, "?") for high, low in pairs))
        else:
            said.append(octets.decode("latin-1"))
    return "\n".join(said).replace(_NARROW, " ").replace("\N{NO-BREAK SPACE}", " ")


def _signs(objects: dict[int, bytes], font: bytes) -> dict[int, str]:
    """Return what each glyph of a font stands for; nothing for a built-in font."""
    if b"/ToUnicode" not in font:
        return {}
    table = _unpacked(objects[int(_found(rb"/ToUnicode (\d+) 0 R", font))])
    return {int(glyph, 16): bytes.fromhex(sign.decode()).decode("utf-16-be") for glyph, sign in _PAIR.findall(table)}


def _unpacked(body: bytes) -> bytes:
    stream = _found(_STREAM.pattern, body)
    return zlib.decompress(stream) if b"/FlateDecode" in body else stream


def _found(pattern: bytes, body: bytes) -> bytes:
    match = re.search(pattern, body, re.DOTALL)
    assert match
    return match[1]
