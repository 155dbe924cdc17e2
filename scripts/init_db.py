"""Run the migrations: the documented name of `./dev migrate`."""

import os
import sys
from pathlib import Path

os.execv(Path(__file__).parents[1] / "dev", ["dev", "migrate", *sys.argv[1:]])  # noqa: S606
