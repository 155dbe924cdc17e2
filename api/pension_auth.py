"""Signing in at `/api/auth`, as the pension document says, and its aliases."""

from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from pydantic import AliasChoices, Field

from api.deps import Anybody, AnyPassword
from api.fields import GivenPassword
from api.shapes import pension_login_user, pension_profile, pension_tokens
from core.errors import TooManyTries
from core.i18n import t
from core.orders import Order
from core.settings import get_settings
from services import users
from services.users import PasswordChanged, SignedInApi

router = APIRouter(prefix="/api/auth", tags=["pensions: auth"])


class LoginBody(Order):
    """An e-mail, a password, and a code where a second factor is on."""

    email: str = Field(max_length=254)
    password: GivenPassword
    otp: str | None = Field(default=None, max_length=16, repr=False)


class RefreshBody(Order):
    """The refresh token."""

    refresh: str = Field(max_length=500, repr=False)


class LogoutBody(Order):
    """The refresh token; missing, the answer says so."""

    refresh: str | None = Field(default=None, max_length=500, repr=False)


class ProfileBody(Order):
    """What one changes of one's own profile."""

    first_name: str | None = Field(default=None, min_length=1, max_length=100)
    last_name: str | None = Field(default=None, min_length=1, max_length=100)
    phone_number: str | None = Field(default=None, max_length=40)


class ChangePasswordBody(Order):
    """The present password (also `old_password`) and the next."""

    current_password: GivenPassword = Field(validation_alias=AliasChoices("current_password", "old_password"))
    new_password: GivenPassword


class ResetBody(Order):
    """Whose password was forgotten."""

    email: str = Field(max_length=254)


class ResetConfirmBody(Order):
    """The token of the link and the next password."""

    token: str = Field(max_length=500, repr=False)
    new_password: GivenPassword


@router.post("/login")
def login(body: LoginBody, door: Anybody) -> Response:
    """Sign in and get a pair of tokens; a closed account answers as a wrong password does."""
    order = users.SignIn(
        email=body.email, password=body.password, totp=body.otp or "", address=door.actor.address, agent=door.agent
    )
    minutes = get_settings().jwt_access_token_lifetime
    try:
        return door.answer(lambda session: users.sign_in_api(session, order, minutes), _signed_in)
    except users.AccountClosed as closed:
        raise users.BadCredentials from closed


@router.post("/token/refresh")
@router.post("/refresh")
def refresh(body: RefreshBody, door: Anybody) -> Response:
    """Trade a refresh token for a new pair."""
    minutes = get_settings().jwt_access_token_lifetime
    try:
        return door.answer(
            lambda session: users.refresh_tokens(session, body.refresh, minutes, door.actor.address), pension_tokens
        )
    except users.AccountClosed as closed:
        raise users.SessionExpired from closed


@router.post("/logout")
def logout(door: AnyPassword, body: LogoutBody | None = None) -> Response:
    """Revoke the family of the refresh token; one that is dead already is fine."""
    token = body.refresh if body else None
    if not token:
        return JSONResponse({"error": t("Le jeton « refresh » manque."), "code": "refresh_required"}, 400)
    return door.answer(lambda session: users.sign_out(session, door.actor, token), _says(t("Vous êtes déconnecté.")))


@router.get("/profile")
@router.get("/me")
def get_profile(door: AnyPassword) -> Response:
    """Return oneself."""
    return door.answer(lambda session: users.get_user(session, door.actor, door.actor.user_id), pension_profile)


@router.patch("/profile")
@router.patch("/me")
def patch_profile(body: ProfileBody, door: AnyPassword) -> Response:
    """Change one's own names or phone."""
    if door.actor.user_id is None:
        raise users.SomeoneElsesProfile
    order = users.UpdateProfile(
        user_id=door.actor.user_id,
        first_name=body.first_name,
        last_name=body.last_name,
        phone=body.phone_number,
    )
    return door.answer(lambda session: users.update_profile(session, door.actor, order), pension_profile)


@router.post("/change-password")
def change_password(body: ChangePasswordBody, door: AnyPassword) -> Response:
    """Change one's own password; every other sign-in ends, this one goes on with a new pair."""
    order = users.ChangePassword(current_password=body.current_password, new_password=body.new_password)
    minutes = get_settings().jwt_access_token_lifetime
    return door.answer(lambda session: users.change_password(session, door.actor, order, minutes), _changed)


@router.post("/password/reset")
def reset(body: ResetBody, door: Anybody) -> Response:
    """Send a link to whoever has this e-mail; the answer is the same for everybody, how often it be asked."""
    order = users.ForgotPassword(email=body.email, by_link=True, address=door.actor.address)
    told = {"message": t("Si ce compte existe, un lien vient de partir.")}
    try:
        return door.answer(lambda session: users.forgot_password(session, order), lambda _: told)
    except TooManyTries:
        return JSONResponse(told)


@router.post("/password/reset/confirm")
def confirm_reset(body: ResetConfirmBody, door: Anybody) -> Response:
    """Set a new password with the token of the link; every sign-in ends."""
    order = users.ResetByLink(**body.model_dump(), address=door.actor.address)
    return door.answer(
        lambda session: users.reset_by_link(session, order), _says(t("Nouveau mot de passe enregistré."))
    )


def _signed_in(signed: SignedInApi) -> dict[str, Any]:
    return {
        **pension_tokens(signed.tokens),
        "must_change_password": signed.user.must_change_password,
        "user": pension_login_user(signed.user),
    }


def _changed(changed: PasswordChanged) -> dict[str, Any]:
    tokens = pension_tokens(changed.tokens) if changed.tokens else {}
    return {"message": t("Mot de passe changé."), **tokens}


def _says(sentence: str) -> Any:
    return lambda _: {"message": sentence}
