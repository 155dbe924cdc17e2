"""What people write and are answered is sealed under keys of its own, kept outside the database (`CIU_DATA_KEY`)."""

from functools import lru_cache

from core.security import Keys, open_secret, seal_secret, sealing_keys
from core.settings import get_settings
from services.ciu.matching import read_match_keys


def data_keys() -> Keys:
    """Return the keys of this process; the highest version seals, all of them open."""
    return _read(get_settings().ciu_data_key.get_secret_value())


def seal(text: str, context: str) -> bytes:
    """Return a text sealed for one place, its `context`."""
    return seal_secret(text, context, data_keys())


def unseal(sealed: bytes, context: str) -> str:
    """Return what `seal` sealed for the same place."""
    return open_secret(sealed, context, data_keys())


@lru_cache(maxsize=8)
def _read(text: str) -> Keys:
    return sealing_keys(reversed(read_match_keys(text).values()))
