"""Connectors: other people's systems that a flow may ask something of, never for money. Open `shapes.py` first."""

from services.connectors.asking import Asked, Call, ask
from services.connectors.rows import (
    ConnectorNameTaken,
    ConnectorNotFound,
    ConnectorRow,
    ConnectorShape,
    close_breaker,
    delete_connector,
    get_connector,
    list_connectors,
    list_shapes,
    prepare_call,
    save_connector,
    settle_call,
)
from services.connectors.shapes import Canned, Input, OutcomeRule, Output, SaveConnector

__all__ = [
    "Asked",
    "Call",
    "Canned",
    "ConnectorNameTaken",
    "ConnectorNotFound",
    "ConnectorRow",
    "ConnectorShape",
    "Input",
    "OutcomeRule",
    "Output",
    "SaveConnector",
    "ask",
    "close_breaker",
    "delete_connector",
    "get_connector",
    "list_connectors",
    "list_shapes",
    "prepare_call",
    "save_connector",
    "settle_call",
]
