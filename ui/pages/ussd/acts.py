"""Changes that give nothing back: done, or refused and said so."""

from collections.abc import Callable
from typing import Any

from core.errors import Refusal
from ui import shell
from ui.components import toasts


async def do(verb: Callable[..., None], order: Any, *, said: str) -> bool:
    """Run a verb and say that it was done; False when it was refused, which is said too."""
    outcome = await shell.attempt(verb, order)
    if isinstance(outcome, Refusal):
        toasts.refused(shell.sentence_of(outcome))
        return False
    toasts.done(said)
    return True
