"""The secrets of the demonstration accounts: made, not written, and the same on both sides without being told.

They open nothing but fakes, which listen on loopback alone.
"""

import base64
import hashlib
from uuid import UUID

_MSISDN = {"orange_sonatel": "77", "orange_cm": "69"}


def secret_of(adapter: str, name: str) -> str:
    """Return the secret `name` of the fake `adapter`, in the form its provider gives them."""
    digest = hashlib.sha256(f"palabre:fake:{adapter}:{name}".encode())
    number = str(int(digest.hexdigest(), 16))
    if name.endswith("_msisdn"):
        return _MSISDN.get(adapter, "77") + number[:7]
    if name.endswith("_pin"):
        return number[:4]
    if name.endswith("_user"):
        return str(UUID(bytes=digest.digest()[:16], version=4))
    if name == "x_auth_token":
        return base64.b64encode(digest.digest()[:18]).decode()
    if name == "vapid_private_key":
        return base64.urlsafe_b64encode(digest.digest()).decode().rstrip("=")
    made = digest.hexdigest()[:32]
    return f"SK{number[:8]}:{made}" if name == "shared_keys" else made
