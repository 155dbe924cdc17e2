"""stub"""
from core.orders import Order
class Inquire(Order):
    bulk_id: str
    transfer_id: str
class Settle(Inquire):
    outcome: str
    proof_id: str
    reason: str
def inquire(session, actor, order): ...
def settle(session, actor, order): ...
