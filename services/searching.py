"""What a person typed into a search box, as a LIKE pattern: its own `%` and `_` are taken as they are."""


def containing(text: str) -> str:
    """Return the pattern that finds a text anywhere."""
    return f"%{_escaped(text)}%"


def beginning(text: str) -> str:
    """Return the pattern that finds what begins with a text."""
    return f"{_escaped(text)}%"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
