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
from services.connectors.trying import Trial, Tried, TryConnector, prepare_trial, run_trial

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
    "Trial",
    "Tried",
    "TryConnector",
    "ask",
    "close_breaker",
    "delete_connector",
    "get_connector",
    "list_connectors",
    "list_shapes",
    "prepare_call",
    "prepare_trial",
    "run_trial",
    "save_connector",
    "settle_call",
]
