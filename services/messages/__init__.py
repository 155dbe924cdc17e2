"""Messages to people: written by verbs in their own transaction, sent by the worker, reported by the networks.

In-app is the truth; every other channel is a copy of it (`docs/messages.md`).
"""

from services.messages.notices import Notice, tell, tell_many
from services.messages.outbox import OutgoingMessage, enqueue, enqueue_many, open_text, record_progress
from services.messages.reads import (
    MessageRow,
    MessageStep,
    count_for_person,
    count_messages,
    get_message,
    list_for_person,
    list_messages,
)
from services.messages.texts import DOTS, LOCALES, TEMPLATES_FILE, Rendered, Template, render, templates
from services.messages.waiting import wait_until_sent

__all__ = [
    "DOTS",
    "LOCALES",
    "TEMPLATES_FILE",
    "MessageRow",
    "MessageStep",
    "Notice",
    "OutgoingMessage",
    "Rendered",
    "Template",
    "count_for_person",
    "count_messages",
    "enqueue",
    "enqueue_many",
    "get_message",
    "list_for_person",
    "list_messages",
    "open_text",
    "record_progress",
    "render",
    "tell",
    "tell_many",
    "templates",
    "wait_until_sent",
]
