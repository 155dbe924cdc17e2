"""Batches of pensions on the wire, as the pension document says, and its aliases (`docs/pensions.md`)."""

from fastapi import APIRouter

from api.pensions import accounts, acting, files, following, hints, payments, reading, uploads

router = APIRouter()
# Fixed words of the address come before `{bulk_id}`.
for part in (uploads, files, reading, following, payments, acting, accounts, hints):
    router.include_router(part.router)
