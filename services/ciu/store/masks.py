"""How little of an address a screen shows: enough to recognise one's own, too little to write to."""

BULLETS = "\N{BULLET}" * 5
BEGINNING, END = 4, 3
SHORTEST = BEGINNING + END + 1


def masked(address: str) -> str:
    """Return `+243•••••999`; `CD.•••••93F` of a user id."""
    beginning = address.partition(".")[0] + "." if "." in address else address[:BEGINNING]
    return f"{beginning}{BULLETS}{address[-END:] if len(address) >= SHORTEST else ''}"
