"""The accounts and routes an installation begins with: from its environment, and for the fakes in development."""

from services.provider_seeds.differences import Difference, list_differences
from services.provider_seeds.seeding import close_fakes, make_missing_fakes, seed_environment, seed_fakes

__all__ = [
    "Difference",
    "close_fakes",
    "list_differences",
    "make_missing_fakes",
    "seed_environment",
    "seed_fakes",
]
