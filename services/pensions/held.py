"""stub"""
from core.orders import Order
class HeldDecision(Order):
    bulk_id: str
    transfer_id: str
    reason: str = ""
def release(session, actor, order): ...
def refuse(session, actor, order): ...
