"""Sending pensions (specification, F): claim, send, save, sweep, finish; by any number of workers, and never twice.

Open `desk.py` for one worker at one account, `outcomes.py` for what each answer does, `saving.py` for how it is kept.
"""

from services.pensions.dispatch.stops import pause_account

__all__ = ["pause_account"]
