"""Print a fresh salt: the documented name of `./dev ciu generate-salt`."""

import os
import sys
from pathlib import Path

os.execv(Path(__file__).parents[1] / "dev", ["dev", "ciu", "generate-salt", *sys.argv[1:]])  # noqa: S606
