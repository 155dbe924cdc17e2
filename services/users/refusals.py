"""What signing in, codes and accounts may be refused for."""

from core.errors import FieldRefusal, Forbidden, NotFound, NotSignedIn, Refusal


class BadCredentials(NotSignedIn):
    """Wrong name, wrong password, no password, or a temporary password that is dead: one answer for all."""

    code = "identifiants"
    sentence = "Identifiants incorrects."


class TotpRequired(NotSignedIn):
    """The password is right; the second factor is missing or wrong."""

    code = "totp_requis"
    sentence = "Entrez le code de double authentification."


class SessionExpired(NotSignedIn):
    """The refresh token is unknown, dead or revoked."""

    code = "session_expiree"
    sentence = "Session expirée : reconnectez-vous."


class RefreshReused(SessionExpired):
    """A used refresh token came back: its whole family was revoked."""


class AccountClosed(Forbidden):
    """The right secret of an account that may no longer act."""

    code = "compte_ferme"
    sentence = "Ce compte est fermé."


class AdminOnly(Forbidden):
    """An act of the platform's administrators."""

    code = "reserve_admin"
    sentence = "Réservé aux administrateurs."


class PasswordToChange(Forbidden):
    """A temporary password opens nothing but the change of password."""

    code = "mot_de_passe_a_changer"
    sentence = "Choisissez d'abord un nouveau mot de passe."


class AccessDenied(Forbidden):
    """This identity or this address opens nothing here."""

    code = "acces_refuse"
    sentence = "Cet accès n'est pas permis."


class SomeoneElsesProfile(Forbidden):
    """Only oneself and an administrator see a profile."""

    code = "profil_d_autrui"
    sentence = "Ce profil n'est pas le vôtre."


class InvalidApiKey(NotSignedIn):
    """Unknown, expired or revoked."""

    code = "cle_api_invalide"
    sentence = "Clé d'API absente, fausse ou révoquée."


class UserNotFound(NotFound):
    """No such person."""

    code = "utilisateur_introuvable"
    sentence = "Utilisateur introuvable."


class EmailTaken(FieldRefusal):
    """Another row has this address, whatever its case."""

    code = "email_pris"
    sentence = "Cette adresse a déjà un compte."
    field = "email"


class PhoneTaken(FieldRefusal):
    """Another row has this number."""

    code = "telephone_pris"
    sentence = "Ce numéro a déjà un compte."
    field = "phone"


class WrongCurrentPassword(FieldRefusal):
    """The old password is not the present one; counted as a failed sign-in."""

    code = "mot_de_passe_actuel"
    sentence = "L'ancien mot de passe ne correspond pas."
    field = "current_password"


class CodeInvalid(Refusal):
    """Wrong, expired, used or unknown: one answer."""

    code = "code_invalide"
    sentence = "Code faux ou expiré : demandez-en un autre."


class LinkInvalid(CodeInvalid):
    """The link of an e-mail was used, is too old, or never existed."""

    sentence = "Ce lien a déjà servi ou n'est plus valable : demandez-en un autre."


class NothingToProve(FieldRefusal):
    """The account has no such address, or it is proved already."""

    code = "rien_a_verifier"
    sentence = "Rien à vérifier de ce côté."
    field = "channel"


class TotpAlreadyOn(Refusal):
    """A confirmed second factor is removed with a code before another is enrolled."""

    code = "totp_actif"
    sentence = "La double authentification est déjà active."


class Oneself(Refusal):
    """Nobody does this to his own account."""

    code = "soi_meme"
    sentence = "Impossible sur votre propre compte."


class LastAdmin(Refusal):
    """The platform keeps at least one administrator who can sign in."""

    code = "dernier_admin"
    sentence = "Il faut garder un administrateur."
