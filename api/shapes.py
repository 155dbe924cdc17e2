"""How people, tokens and organisations are written in each contract."""

from datetime import UTC, datetime
from typing import Any

from core.permissions import GRANTS, Permission, Role
from services.organisations import OrganisationRow
from services.users import TokenPair, UserRow

ROLE_NAMES = {
    Role.GESTIONNAIRE: "Gestionnaire",
    Role.SUPERVISEUR: "Superviseur",
    Role.ADMIN: "Administrateur",
    Role.MEMBRE: "Membre",
}


def instant(moment: datetime | None) -> str | None:
    """Write an instant as RFC 3339 in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def tontine_user(user: UserRow) -> dict[str, Any]:
    """Write a person as the tontine document does."""
    return {
        "id": str(user.id),
        "email": user.email,
        "phone": user.phone,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "full_name": user.name,
        "role": user.global_role.value,
        "is_active": user.is_active,
        "is_verified": user.is_email_proved or user.is_phone_proved,
        "profile_picture": user.profile_picture or None,
        "address": user.address,
        "city": user.city,
        "country": user.country,
        "language": user.language,
        "created_at": instant(user.created_at),
        "last_login": instant(user.last_login_at),
    }


def tontine_tokens(tokens: TokenPair) -> dict[str, Any]:
    """Write a pair of tokens as the tontine document does."""
    return {
        "access_token": tokens.access,
        "refresh_token": tokens.refresh,
        "token_type": "bearer",
        "expires_in": tokens.expires_in_s,
    }


def pension_tokens(tokens: TokenPair) -> dict[str, Any]:
    """Write a pair of tokens as the pension document does."""
    return {"access": tokens.access, "refresh": tokens.refresh, "expires_in": tokens.expires_in_s}


def pension_login_user(user: UserRow) -> dict[str, Any]:
    """Write who signed in as the pension document and older clients read it."""
    held = user.organisation_role
    return {
        "id": str(user.id),
        "email": user.email,
        "username": user.username,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "role": _pension_role(user),
        "organization": held.organisation.code if held and held.organisation else None,
        "is_staff": user.is_admin,
        "is_superuser": user.is_admin,
    }


def pension_profile(user: UserRow) -> dict[str, Any]:
    """Write a person as the pension document does, with what he may do with batches of his organisation."""
    held = user.organisation_role
    rights = GRANTS.get((held.scope, held.role), frozenset()) if held else frozenset()
    return {
        "id": str(user.id),
        "username": user.username,
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "role": _pension_role(user),
        "role_display": ROLE_NAMES[held.role if held else user.global_role],
        "phone_number": user.phone or "",
        "organization": organisation(held.organisation) if held and held.organisation else None,
        "permissions": {
            "can_create_transfers": Permission.PENSIONS_WRITE in rights,
            "can_view_transfers": Permission.PENSIONS_READ in rights or user.is_admin,
            "can_approve_transfers": Permission.PENSIONS_APPROVE in rights,
        },
        "must_change_password": user.must_change_password,
        "last_login": instant(user.last_login_at),
        "last_login_ip": user.last_login_address or None,
        "date_joined": instant(user.created_at),
    }


def organisation(row: OrganisationRow) -> dict[str, Any]:
    """Write an organisation as the pension document does."""
    return {
        "id": str(row.id),
        "name": row.name,
        "code": row.code,
        "is_active": row.is_active,
        "created_at": instant(row.created_at),
    }


def _pension_role(user: UserRow) -> str:
    held = user.organisation_role
    return held.role.value if held else user.global_role.value
