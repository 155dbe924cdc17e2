"""A form with a file, read as it comes: the file goes to disk, and what is too large is refused at its first byte."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from anyio import move_on_after
from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Message

from api.pensions.parameters import BadParameter
from core.errors import Refusal
from core.settings import get_settings
from services.pensions.batches import NotBeforeInvalid
from services.pensions.files.refusals import FileTooLarge
from services.pensions.files.rules import LARGEST_FILE_BYTES

MOST_FIELDS = 32
LONGEST_FIELD_BYTES = 4 * 1024
FORM_BYTES = 64 * 1024
# What is still read of a body that was refused, so that its sender sees the answer and not a broken connection.
DRAINED_BYTES = 512 * 1024 * 1024
DRAINED_S = 60

_INTEGER = re.compile(r"[0-9]{1,18}")
_YES, _NO = {"true", "1"}, {"false", "0", ""}


class FileRequired(Refusal):
    """The form has no part named `file` that is a file."""

    code = "file_required"
    sentence = "Joignez le fichier CSV des pensions, dans le champ « file »."


class BadForm(Refusal):
    """The body is no form, or one with too many parts."""

    code = "bad_form"
    sentence = "Le formulaire est illisible : envoyez-le en multipart/form-data, avec un seul fichier."


@dataclass(frozen=True, slots=True)
class FileForm:
    """A file on disk and the words beside it."""

    file: BinaryIO
    file_name: str
    words: dict[str, str]

    def text(self, name: str) -> str:
        """Return a word, empty when it is not there."""
        return self.words.get(name, "").strip()

    def integer(self, name: str) -> int | None:
        """Return a whole number, or None when it is not there."""
        text = self.text(name)
        if text and not _INTEGER.fullmatch(text):
            raise BadParameter(parameter=name)
        return int(text) if text else None

    def boolean(self, name: str) -> bool:
        """Return yes or no; no when it is not there."""
        text = self.text(name).lower()
        if text not in _YES | _NO:
            raise BadParameter(parameter=name)
        return text in _YES

    def one_of(self, name: str, *known: str) -> str:
        """Return one of the known words, the first when it is not there."""
        text = self.text(name) or known[0]
        if text not in known:
            raise BadParameter(parameter=name)
        return text

    def start(self, name: str) -> datetime | None:
        """Return an instant with its zone, or None when it is not there."""
        text = self.text(name)
        if not text:
            return None
        try:
            return datetime.fromisoformat(text)
        except ValueError as error:
            raise NotBeforeInvalid from error


@asynccontextmanager
async def file_form(request: Request) -> AsyncIterator[FileForm]:
    """Give the form of a request while the block lasts; nothing of its file is left on the disk afterwards."""
    form = await _read(request)
    try:
        sent = form.get("file")
        if not isinstance(sent, UploadFile):
            raise FileRequired
        if (sent.size or 0) > largest_file_bytes():
            raise FileTooLarge(limit=largest_file_bytes())
        words = {name: value for name, value in form.multi_items() if isinstance(value, str)}
        yield FileForm(sent.file, sent.filename or "", words)
    finally:
        await form.close()


def largest_file_bytes() -> int:
    """Return how large a file this installation takes."""
    return min(LARGEST_FILE_BYTES, get_settings().pension_max_mb << 20)


async def drain(request: Request) -> None:
    """Read a body of which nothing was read yet and forget it, within reason."""
    await _Body(request).drain()


class _Body:
    """The octets of a request as they come, and whether the last of them came: who asks for more then waits in vain."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._is_over = False
        self.received = 0

    async def receive(self) -> Message:
        message = await self._request.receive()
        self.received += len(message.get("body", b""))
        self._is_over = message["type"] == "http.disconnect" or not message.get("more_body", False)
        return message

    async def receive_within(self) -> Message:
        message = await self.receive()
        if self.received > largest_file_bytes() + FORM_BYTES:
            raise FileTooLarge(limit=largest_file_bytes())
        return message

    async def drain(self) -> None:
        begun_at = self.received
        with move_on_after(DRAINED_S), suppress(ClientDisconnect):
            while not self._is_over and self.received - begun_at < DRAINED_BYTES:
                await self.receive()


async def _read(request: Request) -> FormData:
    body = _Body(request)
    if _announced(request) > largest_file_bytes() + FORM_BYTES:
        await body.drain()
        raise FileTooLarge(limit=largest_file_bytes())
    try:
        return await Request(request.scope, body.receive_within).form(
            max_files=1, max_fields=MOST_FIELDS, max_part_size=LONGEST_FIELD_BYTES
        )
    except HTTPException as error:
        await body.drain()
        raise BadForm from error
    except FileTooLarge:
        await body.drain()
        raise


def _announced(request: Request) -> int:
    text = request.headers.get("content-length", "")
    return int(text) if _INTEGER.fullmatch(text) else 0
