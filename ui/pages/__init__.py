"""The pages, one file each; a page registers itself with `screen` when it is imported."""

import pkgutil
from importlib import import_module


def load() -> None:
    """Import every page."""
    for module in pkgutil.walk_packages(__path__, f"{__name__}."):
        import_module(module.name)
