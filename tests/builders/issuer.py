"""A small OpenID Connect issuer over real HTTP on loopback: discovery, keys, code flow with PKCE, RS256.

It checks what a real one checks, and can be told to misbehave.
"""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from core import clock

CLIENT_ID, CLIENT_SECRET = "palabre", "secret-of-the-issuer"


@dataclass
class Issuer:
    """The issuer's person, its keys, and what it does wrong."""

    person: dict[str, Any]
    url: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "un", "use": "sig"}))
    published: RSAKey | None = None
    claims: dict[str, Any] = field(default_factory=dict)
    has_userinfo: bool = False
    userinfo: dict[str, Any] = field(default_factory=dict)
    is_down: bool = False
    discovered: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def discovery(self) -> dict[str, Any]:
        """Return the discovery document."""
        document = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        if self.has_userinfo:
            document["userinfo_endpoint"] = f"{self.url}/userinfo"
        return document | self.discovered

    def authorize(self, asked: dict[str, str]) -> str:
        """Let the person in and return the address the browser is sent back to."""
        if asked.get("client_id") != CLIENT_ID or asked.get("response_type") != "code":
            self.problems.append("client")
        if asked.get("code_challenge_method") != "S256" or "openid" not in asked.get("scope", "").split():
            self.problems.append("pkce or scope")
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """Trade a code, once, for an ID token."""
        expected = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if authorization != f"Basic {expected}":
            return 401, {"error": "invalid_client"}
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None or form.get("redirect_uri") != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        moment = int(clock.now().timestamp())
        claims = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "iat": moment,
            "exp": moment + 300,
            "nonce": asked["nonce"],
            **self.person,
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        signed = jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)
        return 200, {"access_token": "jeton", "token_type": "Bearer", "id_token": signed}


class Handler(BaseHTTPRequestHandler):
    """The issuer on the wire."""

    issuer: ClassVar[Issuer]

    def log_message(self, *_: object) -> None:
        """Stay silent."""

    def do_GET(self) -> None:  # http.server's own name
        """Answer discovery, keys, the sign-in page and the person's card."""
        parts, issuer = urlsplit(self.path), self.issuer
        if issuer.is_down:
            self._answer(503, {})
        elif parts.path == "/.well-known/openid-configuration":
            self._answer(200, issuer.discovery())
        elif parts.path == "/keys":
            self._answer(200, {"keys": [(issuer.published or issuer.key).as_dict(private=False)]})
        elif parts.path == "/authorize":
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            self._answer(302, {}, Location=issuer.authorize(asked))
        elif parts.path == "/userinfo" and self.headers["Authorization"] == "Bearer jeton":
            self._answer(200, issuer.userinfo)
        else:
            self._answer(404, {})

    def do_POST(self) -> None:  # idem
        """Answer the token endpoint."""
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        fields = {name: values[0] for name, values in form.items()}
        self._answer(*self.issuer.token(fields, self.headers.get("Authorization", "")))

    def _answer(self, status: int, body: Any, **headers: str) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def running(person: dict[str, Any]) -> Iterator[Issuer]:
    """Run an issuer on a free port of loopback."""
    issuer = Issuer(person)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("IssuerHandler", (Handler,), {"issuer": issuer}))
    issuer.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
