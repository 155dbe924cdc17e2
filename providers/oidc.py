"""OpenID Connect, the client's side, against any issuer: code flow with PKCE and nonce, through Authlib.

What the issuer says is believed only after its ID token was checked: signature by its published keys, issuer, audience,
nonce, times. Addresses come from its discovery document, under the issuer that the settings name.
"""

from dataclasses import dataclass
from threading import Lock
from typing import Any, ClassVar

from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from core import clock
from core.errors import Forbidden, Unavailable
from providers import http

SCOPE = "openid email profile"
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
METADATA_LIFE_S = 3600
LEEWAY_S = 120


class IssuerSilent(Unavailable):
    """The issuer does not answer, or not with what it must publish."""

    code = "emetteur_indisponible"
    sentence = "Le fournisseur d'identité ne répond pas : réessayez, ou entrez avec votre mot de passe."


class IssuerRefused(Forbidden):
    """The issuer refused, or its answer proves nothing."""

    code = "acces_refuse"
    sentence = "Le fournisseur d'identité n'a pas confirmé votre identité."


@dataclass(frozen=True, slots=True)
class Client:
    """Who we are for an issuer."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Identity:
    """What an issuer proved. The subject never changes; the e-mail counts only when the issuer says it is proved."""

    issuer: str
    subject: str
    email: str
    is_email_proved: bool
    name: str


class _Protocol(OAuth2Client):  # type: ignore[misc]
    """Authlib's protocol over our own HTTP."""

    def _fetch_token(
        self, url: str, body: str, headers: dict[str, str], auth: Any, method: str = "POST", **_: Any
    ) -> Any:
        url, headers, body = auth.prepare(method, url, dict(headers), body)
        return self.parse_response_token(http.post_form(url, body, headers))


@dataclass(slots=True)
class _Published:
    metadata: dict[str, Any]
    keys: KeySet
    read_at: float


class _Issuers:
    """What issuers publish, read at most once an hour, or at once when a token names an unknown key."""

    _published: ClassVar[dict[str, _Published]] = {}
    _lock: ClassVar[Lock] = Lock()

    @classmethod
    def read(cls, issuer: str, *, is_fresh: bool = False) -> _Published:
        moment = clock.now().timestamp()
        with cls._lock:
            known = cls._published.get(issuer)
            if known is None or is_fresh or moment - known.read_at > METADATA_LIFE_S:
                known = cls._published[issuer] = cls._fetch(issuer, moment)
            return known

    @staticmethod
    def _fetch(issuer: str, moment: float) -> _Published:
        try:
            metadata = http.get(_safe(f"{issuer.rstrip('/')}/.well-known/openid-configuration")).json()
            if metadata["issuer"].rstrip("/") != issuer.rstrip("/"):
                raise IssuerSilent
            _safe(metadata["authorization_endpoint"]), _safe(metadata["token_endpoint"])
            keys = KeySet.import_key_set(http.get(_safe(metadata["jwks_uri"])).json())
        except (http.HttpError, JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise IssuerSilent from error
        return _Published(metadata, keys, moment)


def authorization_url(client: Client, state: str, nonce: str, verifier: str) -> str:
    """Return where to send the browser; `verifier` is PKCE's secret, kept by us until the code comes back."""
    metadata = _Issuers.read(client.issuer).metadata
    url, _ = _protocol(client).create_authorization_url(
        metadata["authorization_endpoint"], state=state, code_verifier=verifier, nonce=nonce
    )
    return str(url)


def exchange(client: Client, code: str, nonce: str, verifier: str) -> Identity:
    """Trade the code for an ID token and return whom it proves; `IssuerSilent` or `IssuerRefused`."""
    metadata = _Issuers.read(client.issuer).metadata
    try:
        token = _protocol(client).fetch_token(
            metadata["token_endpoint"], grant_type="authorization_code", code=code, code_verifier=verifier
        )
        claims = _checked(client, token, nonce)
        if "email" not in claims and "userinfo_endpoint" in metadata:
            claims = _with_userinfo(metadata["userinfo_endpoint"], token["access_token"], claims)
    except http.HttpError as error:
        raise IssuerSilent from error
    except (AuthlibBaseError, JoseError, ValueError, KeyError, TypeError) as error:
        raise IssuerRefused from error
    return Identity(
        issuer=client.issuer,
        subject=str(claims["sub"]),
        email=str(claims.get("email") or "").lower(),
        is_email_proved=claims.get("email_verified") is True,
        name=str(claims.get("name") or ""),
    )


def _protocol(client: Client) -> _Protocol:
    return _Protocol(
        session=None,
        client_id=client.client_id,
        client_secret=client.client_secret or None,
        scope=SCOPE,
        redirect_uri=client.redirect_uri,
        code_challenge_method="S256",
    )


def _checked(client: Client, token: dict[str, Any], nonce: str) -> dict[str, Any]:
    published = _Issuers.read(client.issuer)
    try:
        decoded = jwt.decode(token["id_token"], published.keys, algorithms=ALGORITHMS)
    except (InvalidKeyIdError, ValueError):
        decoded = jwt.decode(token["id_token"], _Issuers.read(client.issuer, is_fresh=True).keys, algorithms=ALGORITHMS)
    claims = CodeIDToken(
        decoded.claims,
        decoded.header,
        {
            "iss": {"essential": True, "value": published.metadata["issuer"]},
            "aud": {"essential": True, "value": client.client_id},
            "nonce": {"essential": True},
        },
        {"nonce": nonce, "client_id": client.client_id, "access_token": token.get("access_token")},
    )
    claims.validate(now=int(clock.now().timestamp()), leeway=LEEWAY_S)
    return dict(claims)


def _with_userinfo(endpoint: str, access_token: str, claims: dict[str, Any]) -> dict[str, Any]:
    answer = http.get(_safe(endpoint), {"Authorization": f"Bearer {access_token}"}).json()
    if answer["sub"] != claims["sub"]:  # OpenID Connect Core 5.3.2: another person's answer
        raise IssuerRefused
    return {**answer, **claims}


def _safe(url: str) -> str:
    if not http.is_safe_url(url):
        raise IssuerSilent
    return url
