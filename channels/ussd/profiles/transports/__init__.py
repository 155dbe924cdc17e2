"""How a request carries its fields: one file a transport, each with `METHODS`, `MEDIA_TYPES`, `read` and `write`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from channels.ussd.profiles.transports import form_post, headers, json_post, kannel_get, query_get, xhtml_get, xml_post
from channels.ussd.profiles.wire import WireRequest


@dataclass(frozen=True, slots=True)
class Carrier:
    """A transport: with which methods and media types it comes, and how its fields are read and written."""

    methods: tuple[str, ...]
    media_types: tuple[str, ...]
    read: Callable[[WireRequest], dict[str, Any]]
    write: Callable[[Mapping[str, Any]], WireRequest]


CARRIERS = {
    module.__name__.rpartition(".")[2]: Carrier(module.METHODS, module.MEDIA_TYPES, module.read, module.write)
    for module in (form_post, headers, json_post, kannel_get, query_get, xhtml_get, xml_post)
}
