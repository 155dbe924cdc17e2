"""A file to hand over."""

from collections.abc import Iterator
from typing import NamedTuple


class Document(NamedTuple):
    """A file made for one person: its name, its type, and its octets, once."""

    name: str
    media_type: str
    pieces: Iterator[bytes]
