"""Signing in at `/api/v1/auth`, as the tontine document says; `pension_auth` is the other door to the same verbs."""

from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Query, Response
from pydantic import Field, model_validator

from api import pension_auth, single_sign_on
from api.deps import Anybody, AnyPassword, SignedIn
from api.fields import (
    GivenPassword,
    Language,
    MaybeEmail,
    MaybePhone,
    NewPassword,
    SamePassword,
    SixDigits,
)
from api.shapes import tontine_tokens, tontine_user
from core.i18n import DEFAULT_LANGUAGE, t
from core.orders import Order
from core.settings import get_settings
from models.messages import Channel
from services import users

tontine_router = APIRouter(prefix="/api/v1/auth", tags=["auth"])


class RegisterBody(Order):
    """A new account; one of e-mail and phone."""

    first_name: str = Field(min_length=2, max_length=100)
    last_name: str = Field(min_length=2, max_length=100)
    country: str = Field(default="Sénégal", max_length=100)
    email: MaybeEmail = None
    phone: MaybePhone = None
    password: NewPassword
    confirm_password: SamePassword
    address: str = Field(default="", max_length=500)
    city: str = Field(default="", max_length=100)
    language: Language = DEFAULT_LANGUAGE

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.email is None and self.phone is None:
            raise ValueError(t("indiquez un e-mail ou un téléphone"))
        return self


class LoginBody(Order):
    """A name and a password; the e-mail wins when both names are given."""

    email: str | None = Field(default=None, max_length=254)
    phone: str | None = Field(default=None, max_length=40)
    password: GivenPassword
    totp: str | None = Field(default=None, max_length=16, repr=False)


class RefreshBody(Order):
    """The refresh token."""

    refresh_token: str | None = Field(default=None, max_length=500, repr=False)


class ChangePasswordBody(Order):
    """The present password and the next, twice."""

    current_password: GivenPassword
    new_password: NewPassword
    confirm_password: SamePassword


class ForgotPasswordBody(Order):
    """Whose password was forgotten."""

    email: str | None = Field(default=None, max_length=254)
    phone: str | None = Field(default=None, max_length=40)


class ResetPasswordBody(ForgotPasswordBody):
    """The code that came, and the next password, twice."""

    code: SixDigits
    new_password: NewPassword
    confirm_password: SamePassword


class ProofRequestBody(Order):
    """What to prove."""

    channel: Literal["email", "phone"]


class ProofBody(ProofRequestBody):
    """What to prove, and the code that came there."""

    code: SixDigits


class TotpBody(Order):
    """A code of the authenticator application."""

    code: SixDigits


@tontine_router.post("/register", status_code=201)
def register(body: RegisterBody, door: Anybody) -> Response:
    """Open an account with the role `membre`; a verification code leaves."""
    given = body.model_dump(exclude={"confirm_password", "address"})
    order = users.RegisterUser(**given, postal_address=body.address, address=door.actor.address)
    return door.answer(lambda session: users.register(session, order), tontine_user, 201)


@tontine_router.post("/login")
def login(body: LoginBody, door: Anybody) -> Response:
    """Sign in and get a pair of tokens."""
    order = users.SignIn(
        **body.model_dump(exclude={"totp"}), totp=body.totp or "", address=door.actor.address, agent=door.agent
    )
    minutes = get_settings().access_token_expire_minutes
    return door.answer(
        lambda session: users.sign_in_api(session, order, minutes), lambda signed: tontine_tokens(signed.tokens)
    )


@tontine_router.post("/refresh")
def refresh(
    door: Anybody,
    body: RefreshBody | None = None,
    refresh_token: Annotated[str | None, Query(deprecated=True, max_length=500)] = None,
) -> Response:
    """Trade a refresh token for a new pair; the body wins over the deprecated query."""
    token = (body.refresh_token if body else None) or refresh_token or ""
    minutes = get_settings().access_token_expire_minutes
    return door.answer(
        lambda session: users.refresh_tokens(session, token, minutes, door.actor.address), tontine_tokens
    )


@tontine_router.get("/me")
def get_me(door: SignedIn) -> Response:
    """Return oneself."""
    return door.answer(lambda session: users.get_user(session, door.actor, door.actor.user_id), tontine_user)


@tontine_router.post("/change-password")
def change_password(body: ChangePasswordBody, door: AnyPassword) -> Response:
    """Change one's own password; other sign-ins end."""
    order = users.ChangePassword(current_password=body.current_password, new_password=body.new_password)
    return door.answer(
        lambda session: users.change_password(session, door.actor, order), _says(t("Mot de passe changé."))
    )


@tontine_router.post("/forgot-password")
def forgot_password(body: ForgotPasswordBody, door: Anybody) -> Response:
    """Send six digits to whoever has this e-mail or phone; the answer is the same for everybody."""
    order = users.ForgotPassword(**body.model_dump(), address=door.actor.address)
    return door.answer(
        lambda session: users.forgot_password(session, order),
        _says(t("Si ce compte existe, un code vient de partir.")),
    )


@tontine_router.post("/reset-password")
def reset_password(body: ResetPasswordBody, door: Anybody) -> Response:
    """Set a new password with the six digits; every sign-in ends."""
    order = users.ResetByCode(**body.model_dump(exclude={"confirm_password"}), address=door.actor.address)
    return door.answer(
        lambda session: users.reset_by_code(session, order), _says(t("Nouveau mot de passe enregistré."))
    )


@tontine_router.post("/logout")
def logout(door: AnyPassword, body: RefreshBody | None = None) -> Response:
    """Revoke the family of the refresh token and of the access token."""
    token = body.refresh_token if body else None
    return door.answer(lambda session: users.sign_out(session, door.actor, token), _says(t("Vous êtes déconnecté.")))


@tontine_router.post("/verify/request")
def request_proof(body: ProofRequestBody, door: SignedIn) -> Response:
    """Send a code to one's own e-mail or phone."""
    return door.answer(
        lambda session: users.request_proof(session, door.actor, _channel(body.channel)),
        _says(t("Un code vient de partir.")),
    )


@tontine_router.post("/verify/confirm")
def confirm_proof(body: ProofBody, door: SignedIn) -> Response:
    """Prove one's own e-mail or phone with the code that came there."""
    order = users.ProveContact(channel=_channel(body.channel), code=body.code)
    return door.answer(lambda session: users.confirm_proof(session, door.actor, order), tontine_user)


@tontine_router.post("/totp/enrol")
def enrol_totp(door: SignedIn) -> Response:
    """Get a second factor's secret, once."""
    return door.answer(
        lambda session: users.enrol_totp(session, door.actor),
        lambda enrolment: {"secret": enrolment.secret, "otpauth_uri": enrolment.uri},
    )


@tontine_router.post("/totp/confirm")
def confirm_totp(body: TotpBody, door: SignedIn) -> Response:
    """Turn the second factor on with a first code."""
    order = users.TotpCode(code=body.code)
    return door.answer(
        lambda session: users.confirm_totp(session, door.actor, order),
        _says(t("Double authentification activée.")),
    )


@tontine_router.delete("/totp")
def drop_totp(body: TotpBody, door: SignedIn) -> Response:
    """Turn the second factor off with a code."""
    order = users.TotpCode(code=body.code)
    return door.answer(
        lambda session: users.drop_totp(session, door.actor, order),
        _says(t("Double authentification désactivée.")),
    )


def _says(sentence: str) -> Any:
    return lambda _: {"message": sentence}


def _channel(name: str) -> Channel:
    return Channel.EMAIL if name == "email" else Channel.SMS


router = APIRouter()
for part in (tontine_router, pension_auth.router, single_sign_on.router):
    router.include_router(part)
