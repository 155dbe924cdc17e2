"""One operation's exchanges with a provider: every call is made here, answered or not, and kept redacted.

Nothing raises for what the network does. Secrets and full phone numbers are replaced before anything is kept.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from core import clock
from core.masking import DOTS, mask_text
from core.phone import mask_phone
from providers import http

LARGEST_KEPT_BYTES = 16 * 1024
SHORTEST_HIDDEN = 4

# Fields whose value is never kept, whatever the provider calls its codes.
HIDDEN_FIELDS = frozenset(
    {
        "pin",
        "otp",
        "encryptedpincode",
        "preauthorisationcode",
        "access_token",
        "client_secret",
        "apikey",
        "api_key",
        "merchant_key",
        "password",
        "text",
        "message",
        "body",
    }
)
_TEXT_FIELDS = frozenset({"text", "message", "body"})
# Fields that name a person's phone: an answer may carry the number of somebody we did not ask about.
PHONE_FIELDS = frozenset(
    {"partyid", "phonenumber", "mobile", "counterparty_mobile", "restrict_payer_mobile", "sender_mobile"}
)
_OPEN_HEADERS = frozenset(
    {"content-type", "accept", "x-reference-id", "x-target-environment", "x-callback-url", "idempotency-key"}
)


@dataclass(frozen=True, slots=True)
class Answered:
    """An HTTP answer, whatever its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004

    def json(self) -> Any:
        """Return the parsed body, or None when it is no JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def document(self) -> dict[str, Any]:
        """Return the body as a JSON object; empty when it is anything else."""
        parsed = self.json()
        return parsed if isinstance(parsed, dict) else {}


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer. `is_sent` false only when no byte of the request can have left: resolve, connect, TLS, pool."""

    is_sent: bool
    error_kind: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call as it is kept: redacted, at most 16 KiB each way."""

    operation: str
    method: str
    url: str
    request: str
    response: str
    http_status: int | None
    sent_at: datetime
    answered_at: datetime | None
    error_kind: str


@dataclass
class Wire:
    """The calls of one operation. `hidden` values never appear in what is kept; `masked` ones in their short form."""

    hidden: set[str] = field(default_factory=set)
    masked: dict[str, str] = field(default_factory=dict)
    keeps_texts: bool = True
    exchanges: list[Exchange] = field(default_factory=list)

    def hide(self, *values: str) -> None:
        """Never keep these values: secrets, tokens that were just given, codes that were typed."""
        self.hidden.update(value for value in values if len(value) >= SHORTEST_HIDDEN)

    def cover(self, *hidden: str, masked: Mapping[str, str] | None = None) -> None:
        """Hide and mask what an answer brought, in what is already kept too: it named somebody we did not know."""
        self.hide(*hidden)
        self.masked.update(masked or {})
        self.exchanges = [
            replace(
                kept,
                url=self._redact(kept.url),
                request=self._redact(kept.request),
                response=self._redact(kept.response),
            )
            for kept in self.exchanges
        ]

    def call(  # noqa: PLR0913  # what one HTTP call is made of
        self,
        operation: str,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        document: Any = None,
        form: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        query: Mapping[str, str] | None = None,
        content: bytes | None = None,
        read_timeout_s: float = http.PROVIDER_READ_TIMEOUT_S,
        largest_answer_bytes: int = http.LARGEST_ANSWER_BYTES,
    ) -> Answered | Silence:
        """Make one call: a JSON `document`, a `form`, raw `content` or nothing."""
        sent = dict(headers or {})
        if document is not None:
            content = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
            sent.setdefault("Content-Type", "application/json")
        elif form is not None:
            content = urlencode(form if isinstance(form, Mapping) else list(form)).encode()
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        address = f"{url}?{urlencode(query)}" if query else url
        sent_at = clock.now()
        outcome = http.exchange(
            method,
            address,
            headers=sent,
            content=content,
            read_timeout_s=read_timeout_s,
            largest_answer_bytes=largest_answer_bytes,
        )
        answer = Silence(outcome.is_sent, outcome.kind) if isinstance(outcome, http.NoAnswer) else Answered(*outcome)
        self._keep(operation, method, address, sent, content, sent_at, answer)
        return answer

    def _keep(
        self,
        operation: str,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None,
        sent_at: datetime,
        answer: Answered | Silence,
    ) -> None:
        is_answered = isinstance(answer, Answered)
        shown = {name: value for name, value in headers.items() if name.lower() in _OPEN_HEADERS}
        self.exchanges.append(
            Exchange(
                operation=operation,
                method=method,
                url=self._redact(url),
                request=self._redact(
                    "\n".join(
                        [
                            *(f"{k}: {v}" for k, v in shown.items()),
                            "",
                            _shown(content or b"", keeps_texts=self.keeps_texts),
                        ]
                    )
                ),
                response=self._redact(_shown(answer.body, keeps_texts=self.keeps_texts))
                if isinstance(answer, Answered)
                else "",
                http_status=answer.status if isinstance(answer, Answered) else None,
                sent_at=sent_at,
                answered_at=clock.now() if is_answered else None,
                error_kind="" if isinstance(answer, Answered) else answer.error_kind,
            )
        )

    def _redact(self, text: str) -> str:
        for value in sorted(self.hidden, key=len, reverse=True):
            text = text.replace(value, DOTS)
        for value, short in sorted(self.masked.items(), key=lambda pair: -len(pair[0])):
            text = text.replace(value, short)
        return text[:LARGEST_KEPT_BYTES]


def _shown(body: bytes, *, keeps_texts: bool) -> str:
    """Return a body fit to be kept: values of hidden fields are dots, in JSON and in forms."""
    text = body.decode("utf-8", "replace").replace("\0", "")
    try:
        shown = json.dumps(_without_secrets(json.loads(text), keeps_texts=keeps_texts), ensure_ascii=False)
    except (ValueError, RecursionError):
        return mask_text(text) if "=" in text else text
    return shown.encode("utf-8", "replace").decode("utf-8")


def _without_secrets(value: Any, *, keeps_texts: bool) -> Any:
    hidden = HIDDEN_FIELDS - _TEXT_FIELDS if keeps_texts else HIDDEN_FIELDS
    if isinstance(value, dict):
        return {
            key: DOTS
            if key.lower() in hidden and not isinstance(inner, dict | list)
            else mask_phone(f"+{inner.removeprefix('+')}")
            if key.lower() in PHONE_FIELDS and isinstance(inner, str) and inner
            else _without_secrets(inner, keeps_texts=keeps_texts)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_without_secrets(inner, keeps_texts=keeps_texts) for inner in value]
    return value
