"""Where an account's calls may go: its provider's own hosts, loopback for fakes. No typed address is ever fetched."""

from urllib.parse import urlsplit

from sqlmodel import select

from core.addresses import is_inside
from core.database import Session
from core.errors import InvalidInput
from core.i18n import t
from core.permissions import Actor
from core.settings import get_settings
from models.transfers import ProviderAccount, ProviderEnvironment
from providers.http import LOOPBACK
from providers.mojaloop import place
from services.provider_accounts.shapes import SHAPES

LONGEST_WEBPAY_ADDRESS = 120
TOKEN_CHARACTERS = 22


def allowed_hosts(session: Session, adapter: str, environment: ProviderEnvironment) -> frozenset[str]:
    """Return the hosts a person may choose from: the provider's, or those the installation itself was given."""
    shape = SHAPES[adapter]
    if not shape.is_hosted_by_us or environment is ProviderEnvironment.FAKE:
        return frozenset(shape.hosts(environment))
    given = session.exec(
        select(ProviderAccount.base_url).where(
            ProviderAccount.adapter == adapter, ProviderAccount.environment == environment
        )
    )
    return frozenset(host for url in given if (host := urlsplit(url).hostname))


def require_allowed(
    session: Session, actor: Actor, adapter: str, environment: ProviderEnvironment, base_url: str
) -> None:
    """Refuse an address that the adapter may not call in this environment.

    The environment's variables (read by the system at the first start) name servers of our own; a person never does.
    """
    shape = SHAPES[adapter]
    if not base_url and shape.is_hosted_by_us:
        return
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if environment is ProviderEnvironment.FAKE:
        is_right = parts.scheme in {"http", *shape.schemes} and (host == "localhost" or is_inside(host, LOOPBACK))
    else:
        is_ours = shape.is_hosted_by_us and actor.is_system
        is_right = parts.scheme in shape.schemes and (
            bool(host) if is_ours else host in allowed_hosts(session, adapter, environment)
        )
    if not is_right or parts.username or parts.password or parts.query or parts.fragment:
        raise InvalidInput({"base_url": t("adresse qui n'est pas celle de cet opérateur")})
    if adapter == "mojaloop" and environment is not ProviderEnvironment.FAKE and not place.is_allowed(base_url):
        raise InvalidInput({"base_url": t("en http, un connecteur doit être sur notre réseau privé")})
    longest = len(get_settings().public_base_url) + len("/api/v1/payments/callback/orange/") + TOKEN_CHARACTERS
    if adapter == "orange_webpay" and longest > LONGEST_WEBPAY_ADDRESS:
        raise InvalidInput({"base_url": t("notre adresse publique est trop longue pour Orange (120 caractères)")})
