"""Which adapter speaks for a name: every `ADAPTER` of `mobile_money` and `connectors`, found by being there."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from types import MappingProxyType, ModuleType

from providers.answers import MoneyProvider

_PACKAGES = ("providers.mobile_money", "providers.connectors")


class UnknownAdapterError(LookupError):
    """An account names an adapter that this release does not have: a bug, or a row from a later release."""


def adapter(name: str) -> MoneyProvider:
    """Return the adapter of that name."""
    found = ADAPTERS.get(name)
    if found is None:
        raise UnknownAdapterError(name)
    return found


def _modules() -> Iterator[ModuleType]:
    for package_name in _PACKAGES:
        package = importlib.import_module(package_name)
        for found in pkgutil.iter_modules(package.__path__):
            yield importlib.import_module(f"{package_name}.{found.name}")


def _find_all() -> Mapping[str, MoneyProvider]:
    found: dict[str, MoneyProvider] = {}
    for module in _modules():
        single = getattr(module, "ADAPTER", None)
        several = getattr(module, "ADAPTERS", (single,) if single else ())
        found.update({one.name: one for one in several})
    return MappingProxyType(dict(sorted(found.items())))


ADAPTERS = _find_all()
