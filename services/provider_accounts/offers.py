"""What an account of an adapter can be made to do: what the adapter says of itself; a channel of messages sends."""

from providers import registry

SENDS = ("send",)


def offers_of(adapter: str) -> tuple[str, ...]:
    """Return the acts an adapter is able to do, in alphabetical order."""
    found = registry.ADAPTERS.get(adapter)
    return tuple(sorted(found.offers)) if found else SENDS
