"""The kinds of gateways Palabre ships, each one file of data beside this one (`docs/ussd.md`, 8.3)."""

from pathlib import Path

import yaml

from channels.ussd.profiles.contract import Contract
from channels.ussd.profiles.model import Profile

FOLDER = Path(__file__).parent / "data"


def _shipped() -> dict[str, Contract]:
    profiles = [Profile.model_validate(yaml.safe_load(path.read_text())) for path in sorted(FOLDER.glob("*.yaml"))]
    return {profile.profile: Contract(profile) for profile in profiles}


BUILT_IN = _shipped()
