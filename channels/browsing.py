"""A screen as gateways that browse see it: its text, and its options apart."""

from collections.abc import Collection

Options = tuple[tuple[str, str], ...]


def split(text: str, keys: Collection[str]) -> tuple[str, Options]:
    """Part a page into its text and the lines that are options or movements, `keys` saying which these are."""
    kept: list[str] = []
    options: list[tuple[str, str]] = []
    for line in text.split("\n"):
        key, separator, label = line.partition(". ")
        if separator and key in keys:
            options.append((key, label))
        else:
            kept.append(line)
    return "\n".join(kept), tuple(options)
