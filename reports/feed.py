"""What just happened, as one stream: money, registrations, menus put live, and what people did in the console."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.database import Session, fetch_all
from core.i18n import t
from core.money import Currency, Money
from core.permissions import Actor, Permission
from reports.ciu.acts import ACTS as CIU_ACTS
from reports.pension_acts import ACTS

_VOWELS = "aàâeéèêëiîïoôuùûœæ"
# Told by their own lines, or nobody's news: who signs in and what a price is stay in the journal.
SILENT = [
    *("subscriber.register", "tariff.add", "tariff.retire", "user.sign_in", "user.sign_out", "ussd.publish"),
    *("transfer.request", "transfer.succeeded", "transfer.failed", "transfer.expired", "transfer.cancelled"),
    "ciu_recipe.save",
]
INSTALLED = ["provider_account.create", "provider_account.resume", "provider_account.pause", "provider_route.change"]


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the feed; `key` tells it from every other line.

    `kind` and `subject_id` lead to the thing: an operation's transaction (empty before it has one), a registered
    person, a service, what the trail says.
    """

    key: str
    kind: str
    icon: str
    tone: str
    at: datetime
    title: str
    detail: str
    subject_id: str
    amount: Money | None = None


_OPERATIONS = """
    select 'operation' as kind, o.id, o.created_at, o.type as word, o.state, o.reference, o.currency, o.amount_minor,
           trim(u.first_name || ' ' || u.last_name) as name, '' as author,
           coalesce(o.transaction_id::text, '') as subject_id
    from ussd_operation o join wallet w on w.id = o.payer_id join users u on u.id = w.user_id
    where o.created_at > %(since)s order by o.created_at desc limit %(limit)s
"""
_REGISTRATIONS = """
    select 'registration' as kind, w.id, w.created_at, w.level as word, w.state, u.country as reference, w.currency,
           null::bigint as amount_minor, trim(u.first_name || ' ' || u.last_name) as name, '' as author,
           u.id::text as subject_id
    from wallet w join users u on u.id = w.user_id
    where w.created_at > %(since)s order by w.created_at desc limit %(limit)s
"""
_PUBLICATIONS = """
    select 'publication' as kind, p.id, p.created_at, v.number::text as word, '' as state, s.key as reference,
           null as currency, null::bigint as amount_minor, s.name,
           trim(u.first_name || ' ' || u.last_name) as author, s.id::text as subject_id
    from ussd_publication p join ussd_service s on s.id = p.service_id join flow_version v on v.id = p.version_id
    join users u on u.id = p.actor_id -- what an installation brings is nobody's news
    where p.created_at > %(since)s order by p.created_at desc limit %(limit)s
"""
_TRAIL = """
    select 'audit' as kind, a.id, a.created_at, a.action as word,
           case when a.is_refusal then 'refused' else '' end as state, a.summary as reference, null as currency,
           null::bigint as amount_minor, '' as name, a.actor_name as author, a.subject_id
    from audit_entry a
    where a.created_at > %(since)s and a.action <> all (%(silent)s)
      and not (a.actor_id is null and a.action = any (%(installed)s)) -- what an installation brings is nobody's news
    order by a.created_at desc limit %(limit)s
"""
_PARTS = (
    (Permission.USSD_READ, _OPERATIONS),
    (Permission.SUBSCRIBERS_READ, _REGISTRATIONS),
    (Permission.USSD_READ, _PUBLICATIONS),
    (Permission.AUDIT_READ, _TRAIL),
)


def can_read(actor: Actor) -> bool:
    """Say whether there is any kind of event that this actor may read."""
    return any(actor.may(needs) for needs, _ in _PARTS)


def list_events(session: Session, actor: Actor, since: datetime, *, limit: int = 30) -> list[Event]:
    """Return at most `limit` events after `since`, newest first, of the kinds this actor may read."""
    queries = [query for needs, query in _PARTS if actor.may(needs)]
    if not queries:
        return []
    parts = " union all ".join(f"({query})" for query in queries)
    rows = fetch_all(
        session,
        f"select * from ({parts}) e order by created_at desc, id desc limit %(limit)s",
        {"since": since, "limit": limit, "silent": SILENT, "installed": INSTALLED},
    )
    return [_EVENTS[row["kind"]](row) for row in rows]


def _event(row: dict[str, Any], icon: str, tone: str, title: str, detail: str, amount: Money | None = None) -> Event:
    return Event(
        key=f"{row['kind']}:{row['id']}",
        kind=row["kind"],
        icon=icon,
        tone=tone,
        at=row["created_at"],
        title=title,
        detail=detail,
        subject_id=row["subject_id"],
        amount=amount,
    )


_TYPES = {
    "transfer": ("swap_horiz", "Transfert de {name}"),
    "cash_out": ("local_atm", "Retrait de {name}"),
    "bill": ("receipt_long", "Facture payée par {name}"),
    "sell": ("storefront", "Vente par {name}"),
    "airtime": ("sim_card", "Crédit acheté par {name}"),
    "payment": ("shopping_cart", "Paiement de {name}"),
    "recharge": ("add_card", "Recharge de {name}"),
    "subscription": ("loyalty", "Abonnement de {name}"),
}
_TONES = {"failed": "red", "unknown": "ochre", "reversed": "neutral", "reserved": "blue", "sent": "blue"}


def _operation(row: dict[str, Any]) -> Event:
    icon, title = _TYPES[row["word"]]
    amount = Money(row["amount_minor"], Currency(row["currency"]))
    tone = _TONES.get(row["state"], "accent")
    return _event(row, icon, tone, _of(title, row["name"]), f"{amount.on_screen()}, {row['reference']}", amount)


def _registration(row: dict[str, Any]) -> Event:
    detail = t("Portefeuille en {currency}").format(currency=row["currency"])
    return _event(row, "person_add", "accent", _of("Inscription de {name}", row["name"]), detail)


def _publication(row: dict[str, Any]) -> Event:
    title = t("Menu «\u00a0{service}\u00a0» v{number} publié").format(service=row["name"], number=row["word"])
    return _event(row, "publish", "neutral", title, _by(row))


_ACTS = {
    "api_key.create": "Clé d'API créée",
    "api_key.revoke": "Clé d'API révoquée",
    "books.broken": "Règle des livres rompue",
    "jobs.run": "Tâche demandée",
    "ledger.reverse": "Opération contre-passée",
    "operation.reverse": "Opération annulée",
    "message_ceiling.near": "Plafond des messages proche",
    "message_ceiling.reached": "Plafond des messages atteint",
    "message_ceiling.set": "Plafond des messages réglé",
    "organisation.create": "Organisation créée",
    "organisation.update": "Organisation modifiée",
    "pin.unlock": "Code secret débloqué",
    "close_case.approved": "Clôture d'un dossier approuvée",
    "close_case.ask": "Clôture d'un dossier demandée",
    "close_case.refused": "Clôture d'un dossier refusée",
    "inbound_event.replay": "Rappel rejoué",
    "provider_account.breaker_closed": "Opérateur rétabli",
    "provider_account.breaker_locked": "Opérateur bloqué",
    "provider_account.breaker_open": "Opérateur disjoncté",
    "provider_account.create": "Compte d'opérateur créé",
    "provider_account.pause": "Compte d'opérateur suspendu",
    "provider_account.resume": "Compte d'opérateur en service",
    "provider_account.resume_payouts": "Versements d'un opérateur repris",
    "provider_account.test": "Compte d'opérateur essayé",
    "provider_route.change": "Route de paiement changée",
    "settle_unknown.approved": "Règlement d'un inconnu approuvé",
    "settle_unknown.ask": "Règlement d'un inconnu demandé",
    "settle_unknown.refused": "Règlement d'un inconnu refusé",
    "subscriber.reactivate": "Abonné réactivé",
    "subscriber.suspend": "Abonné suspendu",
    "transfer.ask": "Opérateur interrogé",
    "transfer.attach_proof": "Preuve jointe",
    "transfer.reversed": "Versement revenu",
    "transfer.unknown": "Sort inconnu, enquête lancée",
    "transfer_case.close": "Dossier de paiement clos",
    "transfer_case.open": "Dossier de paiement ouvert",
    "transfer_refund.approved": "Remboursement approuvé",
    "transfer_refund.ask": "Remboursement demandé",
    "transfer_refund.refused": "Remboursement refusé",
    "user.change_password": "Mot de passe changé",
    "user.close": "Compte fermé",
    "user.create": "Compte créé",
    "user.forgot_password": "Mot de passe oublié",
    "user.global_role": "Rôle changé",
    "user.phone_lost": "Numéro passé à un autre",
    "user.prove": "Adresse prouvée",
    "user.refresh_reused": "Jeton volé, famille révoquée",
    "user.register": "Compte ouvert",
    "user.reopen": "Compte rouvert",
    "user.reset_password": "Mot de passe réinitialisé",
    "user.role_grant": "Rôle donné",
    "user.role_revoke": "Rôle retiré",
    "user.totp_enrol": "Second facteur préparé",
    "user.totp_off": "Second facteur désactivé",
    "user.totp_on": "Second facteur activé",
    "user.totp_removed": "Second facteur retiré",
    "user.totp_wrong": "Second facteur refusé",
    "user.update": "Compte modifié",
    "ussd.end_session": "Dialogue terminé",
    **{act: word for act, (word, _, _) in (CIU_ACTS | ACTS).items()},
}
_ALARMS = {
    *(act for act, (_, _, tone) in ACTS.items() if tone == "red"),
    *("books.broken", "user.refresh_reused", "transfer_case.open"),
    *("provider_account.breaker_open", "provider_account.breaker_locked"),
}


def _trail(row: dict[str, Any]) -> Event:
    is_alarm = row["state"] == "refused" or row["word"] in _ALARMS
    detail = ", ".join(part for part in (row["reference"], _by(row)) if part)
    title = t(_ACTS.get(row["word"], row["word"]))
    return _event(row, "history", "red" if is_alarm else "neutral", title, detail)


def _of(title: str, name: str) -> str:
    """Return the title with its person; in French `de` gives way before a vowel: «Transfert d'Awa Diop»."""
    name = name or t("un abonné")
    template = t(title)
    if name[0].casefold() in _VOWELS:
        template = template.replace("de {name}", "d'{name}")
    return template.format(name=name)


def _by(row: dict[str, Any]) -> str:
    return t("par {name}").format(name=row["author"] or "Palabre")


_EVENTS = {
    "operation": _operation,
    "registration": _registration,
    "publication": _publication,
    "audit": _trail,
}
