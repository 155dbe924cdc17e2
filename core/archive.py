"""A ZIP of JSON files: how a person takes away what is known of him."""

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any


def zipped_json(parts: Mapping[str, Any]) -> bytes:
    """Return a ZIP with one readable JSON file for each part, by file name."""
    octets = io.BytesIO()
    with zipfile.ZipFile(octets, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, json.dumps(content, default=str, ensure_ascii=False, indent=2))
    return octets.getvalue()
