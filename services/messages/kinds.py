"""What there is to tell people: each type's channels, urgency and life. `A+B` both; `A>B` the first that can."""

from dataclasses import dataclass
from datetime import timedelta

from models.messages import Channel

CODE, MONEY, REMINDER, INFORMATION = range(4)
DAY = timedelta(days=1)
CODE_LIFE = timedelta(minutes=5)
USUAL_LIFE = 3 * DAY

# Neither may be switched off, nor is anybody asked.
LOCKED = frozenset({"code_verification", "numero_change", "lien_mot_de_passe", "invitation_compte"}) | frozenset(
    {"pin_change", "pin_bloque"}
)


@dataclass(frozen=True, slots=True)
class Kind:
    """How one type of message travels: every tuple of `plan` is one copy, by the first of its channels that can."""

    plan: tuple[tuple[Channel, ...], ...]
    priority: int
    life: timedelta = USUAL_LIFE


def plan_of(text: str) -> tuple[tuple[Channel, ...], ...]:
    """Read a plan as the specification writes it."""
    return tuple(tuple(Channel(name) for name in copy.split(">")) for copy in text.split("+"))


KINDS: dict[str, Kind] = {
    "rappel_cotisation": Kind(plan_of("in_app+whatsapp>sms"), REMINDER),
    "confirmation_paiement": Kind(plan_of("in_app+whatsapp>sms"), MONEY),
    "paiement_echoue": Kind(plan_of("in_app+whatsapp>sms"), MONEY),
    "paiement_incertain": Kind(plan_of("in_app+whatsapp>sms"), MONEY),
    "alerte_retard": Kind(plan_of("in_app+sms+email"), REMINDER),
    "penalite": Kind(plan_of("in_app+sms"), REMINDER),
    "session_ouverte": Kind(plan_of("in_app+push"), REMINDER),
    "session_terminee": Kind(plan_of("in_app+push"), INFORMATION),
    "tour_passage": Kind(plan_of("in_app+sms+email"), REMINDER),
    "paiement_recu": Kind(plan_of("in_app+sms+email"), MONEY),
    "nouveau_membre": Kind(plan_of("in_app"), INFORMATION),
    "membre_depart": Kind(plan_of("in_app"), INFORMATION),
    "pension_a_approuver": Kind(plan_of("in_app+email"), MONEY),
    "pension_approuve": Kind(plan_of("in_app+email"), MONEY),
    "pension_refuse": Kind(plan_of("in_app+email"), MONEY),
    "pension_termine": Kind(plan_of("in_app+email"), MONEY),
    "pension_pause": Kind(plan_of("in_app+email"), MONEY),
    "pension_incertain": Kind(plan_of("in_app+email"), MONEY),
    "pension_echeance": Kind(plan_of("in_app+email"), REMINDER),
    "information": Kind(plan_of("in_app"), INFORMATION),
    "systeme": Kind(plan_of("in_app"), INFORMATION),
    "code_verification": Kind(plan_of("sms>whatsapp"), CODE, CODE_LIFE),
    "numero_change": Kind(plan_of("sms+email"), CODE),
}
