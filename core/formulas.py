"""Texts in a spreadsheet: what a person or a provider wrote is never read as a formula."""

import re

# A spreadsheet reads on past blanks, quotes and signs without a width; East Asian keyboards type the second four.
HOSTILE = r"""^['"\s\u00a0\u200b-\u200d\u202f\u2060\u3000\ufeff]*[=+\-@\t\r\n＝＋－＠]"""
_HOSTILE = re.compile(HOSTILE)


def guard(text: str) -> str:
    """Return a cell's text, with an apostrophe before what a spreadsheet would run.

    Numbers are no texts: write them as numbers, they need no guard.
    """
    return f"'{text}" if _HOSTILE.match(text) else text
