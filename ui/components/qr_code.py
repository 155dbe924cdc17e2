"""A QR code drawn as our own markup: dark on light in both schemes, as every camera reads it."""

import segno

from ui.markup import Markup, tag

QUIET = 4  # modules of margin that the standard asks for


def qr_code(content: str, *, label: str) -> Markup:
    """Return the code of `content` as one path."""
    matrix = segno.make(content, error="m", micro=False).matrix
    side = len(matrix) + 2 * QUIET
    runs = "".join(
        f"M{column + QUIET} {row + QUIET}h1v1h-1z"
        for row, line in enumerate(matrix)
        for column, is_dark in enumerate(line)
        if is_dark
    )
    drawn = tag("svg", tag("path", d=runs), viewBox=f"0 0 {side} {side}", role="img", aria_label=label)
    return tag("span", drawn, class_="qr-code scheme-light")
