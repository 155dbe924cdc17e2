"""Orders people follow from their phone: written from the console, a file or the API, read by their own number only."""

from services.orders.importing import Imported, ImportOrders, OrdersPreview, import_orders, preview_orders
from services.orders.reads import OrderCard, OrderFound, OrderLine, OrderStep, find_own, get_order, list_orders
from services.orders.refusals import (
    OrderNotFound,
    RowsWrong,
    SheetUnreadable,
    StatusTaken,
    StatusUnknown,
    StatusUsed,
    WrongRow,
)
from services.orders.statuses import SaveStatus, StatusRow, delete_status, list_statuses, save_status
from services.orders.writing import OrderSource, PutOrder, Written, delete_order, find_fault, put_order

__all__ = [
    "ImportOrders",
    "Imported",
    "OrderCard",
    "OrderFound",
    "OrderLine",
    "OrderNotFound",
    "OrderSource",
    "OrderStep",
    "OrdersPreview",
    "PutOrder",
    "RowsWrong",
    "SaveStatus",
    "SheetUnreadable",
    "StatusRow",
    "StatusTaken",
    "StatusUnknown",
    "StatusUsed",
    "Written",
    "WrongRow",
    "delete_order",
    "delete_status",
    "find_fault",
    "find_own",
    "get_order",
    "import_orders",
    "list_orders",
    "list_statuses",
    "preview_orders",
    "put_order",
    "save_status",
]
