"""Fields of the tontine document's forms, each with the sentence that says what to type."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from core.errors import InvalidInput
from core.i18n import LANGUAGES, t
from core.security import LONGEST_PASSWORD, SHORTEST_PASSWORD
from services.users.contacts import read_phone, require_email


def _email(value: str) -> str:
    try:
        return require_email(value)
    except InvalidInput as refusal:
        raise ValueError(refusal.fields["email"]) from refusal


def _phone(value: str, info: ValidationInfo) -> str:
    phone = read_phone(value, info.data.get("country") or "")
    if phone is None:
        raise ValueError(t("numéro de téléphone, par exemple +221770000000"))
    return phone


def _password(value: str) -> str:
    if len(value) < SHORTEST_PASSWORD:
        raise ValueError(t("8 caractères au moins"))
    for is_there, sentence in (
        (str.isupper, t("il manque une majuscule")),
        (str.islower, t("il manque une minuscule")),
        (str.isdigit, t("il manque un chiffre")),
    ):
        if not any(map(is_there, value)):
            raise ValueError(sentence)
    return value


def _same(value: str, info: ValidationInfo) -> str:
    chosen = info.data.get("new_password", info.data.get("password"))
    if chosen is not None and value != chosen:
        raise ValueError(t("les deux saisies diffèrent"))
    return value


def _six_digits(value: str) -> str:
    code = value.strip()
    if not (len(code) == 6 and code.isascii() and code.isdigit()):  # noqa: PLR2004  # the sentence says it
        raise ValueError(t("6 chiffres"))
    return code


def _language(value: str) -> str:
    if value not in LANGUAGES:
        raise ValueError(t("valeur inconnue"))
    return value


def _empty_is_none(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


Email = Annotated[str, AfterValidator(_email)]
Phone = Annotated[str, AfterValidator(_phone)]
MaybeEmail = Annotated[Email | None, BeforeValidator(_empty_is_none)]
MaybePhone = Annotated[Phone | None, BeforeValidator(_empty_is_none)]
NewPassword = Annotated[str, Field(max_length=LONGEST_PASSWORD, repr=False), AfterValidator(_password)]
GivenPassword = Annotated[str, Field(max_length=1000, repr=False)]
SamePassword = Annotated[str, Field(repr=False), AfterValidator(_same)]
SixDigits = Annotated[str, Field(repr=False), AfterValidator(_six_digits)]
Language = Annotated[str, AfterValidator(_language)]
