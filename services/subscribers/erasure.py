"""Taking away what is known of a person, and forgetting him: the right to a copy, the right to be forgotten.

Erasing needs two persons and an empty wallet. What the books must keep (amounts, references, the number that was paid
or asked by an operator) stays with its transaction; the name, the number, the PIN and every text go.
"""

from typing import Any
from uuid import UUID

from pydantic import Field
from sqlmodel import col, select

from core import archive, clock, gsm7
from core.database import Session, driver, fetch_all, fetch_one
from core.errors import NotFound, Refusal
from core.i18n import t
from core.masking import mask_text
from core.money import Currency, Money
from core.orders import Order
from core.permissions import Actor, Permission
from core.states import transition
from models.users import USER_STEPS, User, UserState
from models.wallets import WALLET_STEPS, Wallet, WalletState
from services import approvals, audit, ledger, subscriptions, surveys
from services.approvals import ApprovalRow, AskApproval, Kind
from services.messages import suppressions
from services.shown import full_name

MOST_EXPORTED = 10_000
ERASED_NAME = "Personne effacée"
NUMBER_TAIL = 8  # what is the same however a number is written


class MoneyLeft(Refusal):
    """A wallet still holds money: it is paid out first."""

    code = "solde_restant"
    status = 409
    sentence = "Il reste {balance} sur ce portefeuille : versez-les d'abord à la personne."


class MoneyOnItsWay(Refusal):
    """An operation of this person is not known yet."""

    code = "operation_en_cours"
    status = 409
    sentence = "Une opération de cette personne est encore en cours : attendez qu'elle soit connue."


class KeepsPointOfSale(Refusal):
    """A point of sale pays this person: its owner changes first."""

    code = "point_de_vente_ouvert"
    status = 409
    sentence = "Cette personne tient un point de vente : changez-en d'abord le propriétaire."


class HasRoles(Refusal):
    """Whoever works here is not a subscriber only."""

    code = "personne_avec_roles"
    status = 409
    sentence = "Cette personne a des rôles dans la console : retirez-les d'abord."


class EraseSubscriber(Order):
    """The wish of a person to be forgotten, as an operator received it."""

    user_id: UUID
    reason: str = Field(min_length=3, max_length=500)


def erase(session: Session, actor: Actor, order: EraseSubscriber) -> ApprovalRow:
    """Ask a second person to erase somebody; refuses at once what would be refused then."""
    actor.require(Permission.SUBSCRIBERS_WRITE)
    _guard(session, order.user_id)
    return approvals.ask(
        session,
        actor,
        AskApproval(
            kind=ERASE.name,
            subject_type="user",
            subject_id=order.user_id,
            summary=t("Effacer une personne"),
            reason=order.reason,
            payload=order.model_dump(mode="json"),
        ),
    )


# One statement a place where a person is known by name or number. `mac` stands for the number from now on, so that his
# dialogues can still be counted as one person's; it is keyed, and leads back to nobody.
_FORGET = (
    """
    update ussd_session
    set phone = %(mac)s::text, session_key = replace(session_key, %(phone)s::text, %(mac)s::text),
        data = '{}', scratch = '{}', gateway_report = null
    where phone = %(phone)s::text
    """,
    """
    update ussd_turn t set input_text = '', response_text = '', wire_body = null
    from ussd_session s where s.id = t.session_id and s.phone = %(mac)s::text
    """,
    """
    update message
    set address = '', variables = '{}', body = '', dedupe_key = replace(dedupe_key, %(phone)s::text, %(mac)s::text),
        data = jsonb_strip_nulls(jsonb_build_object('notice_id', data -> 'notice_id')),
        expires_at = case when state in ('queued', 'sending', 'unknown') then %(now)s else expires_at end
    where recipient_id = %(user)s or address = %(phone)s::text
    """,
    "update message_event e set detail = '{}' from message m where m.id = e.message_id and m.recipient_id = %(user)s",
    # What others were told of him keeps its amount and reference, and no longer says who he was.
    """
    update message m set body = '', variables = m.variables || '{"nom": "Personne effacée", "tel": ""}'
    from ussd_operation o join wallet own on own.id in (o.payer_id, o.payee_id) and own.user_id = %(user)s
    join wallet other on other.id in (o.payer_id, o.payee_id) and other.user_id <> %(user)s
    where m.recipient_id = other.user_id and m.variables ->> 'ref' = o.reference
    """,
    """
    update ussd_operation set party_name = %(name)s::text
    where party = %(phone)s::text or payee_id in (select id from wallet where user_id = %(user)s)
    """,
    "update ussd_operation set party = %(masked)s::text where party = %(phone)s::text",
    # Others typed his number and read his name: those answers go as they would with time.
    """
    update ussd_turn set input_text = '', response_text = '', wire_body = null
    where response_text <> '' and (input_text like %(within)s::text or position(%(called)s::text in response_text) > 0)
    """,
    "update ussd_session set data = '{}', scratch = '{}' where state <> 'open' and data::text like %(within)s::text",
    """
    delete from wire_record
    where exchange::text like %(within)s::text or position(%(called)s::text in exchange::text) > 0
    """,
    "update subscription set phone = %(mac)s::text where phone = %(phone)s::text",
    # What waits still tells a provider to stop; what was told is told.
    """
    update service_hook h set body = '' from subscription s
    where s.id = h.subscription_id and s.phone = %(mac)s::text and h.state <> 'queued'
    """,
    """
    update order_event e set note = '' from order_row o where o.id = e.order_id and o.phone = %(phone)s::text
    """,
    "update order_row set phone = %(mac)s::text, note = '' where phone = %(phone)s::text",
    """
    update survey_answer a set value = '', tags = '[]' from survey_run r, survey_question q
    where r.id = a.run_id and q.id = a.question_id and q.kind = 'text' and r.respondent = %(phone)s::text
    """,
    "update survey_run set respondent = %(mac)s::text where respondent = %(phone)s::text",
    "delete from notice_number where phone = %(phone)s::text",
    "update notice set cursor = '' where cursor = %(phone)s::text and state <> 'sending'",
    "update merchant set name = %(name)s::text, note = '' where owner_id = %(user)s",
    "delete from velocity_refusal where subject in (%(phone)s::text, %(user)s::text)",
    "delete from message_preference where user_id = %(user)s",
    "delete from push_subscription where user_id = %(user)s",
    "delete from pin_credential where user_id = %(user)s",
    "delete from console_session where user_id = %(user)s",
    "delete from refresh_token where user_id = %(user)s",
    "delete from one_time_code where user_id = %(user)s",
    "delete from velocity_bucket where subject in (%(phone)s::text, %(user)s::text)",
)


def _erase(session: Session, actor: Actor, approval: ApprovalRow) -> None:
    order = EraseSubscriber.model_validate(approval.payload)
    user = _guard(session, order.user_id)
    phone = user.phone or ""
    subscriptions.end_all(session, phone)
    surveys.forget_respondent(session, phone)
    session.flush()
    for address in filter(None, (phone, user.email)):
        suppressions.forget(session, address)
    called = full_name(user.first_name, user.last_name)
    names = {
        "user": user.id,
        "phone": phone,
        "mac": suppressions.digest_of(phone),
        "name": ERASED_NAME,
        "within": f"%{phone[-NUMBER_TAIL:]}%",
        "masked": mask_text(phone),
        "now": clock.now(),
        "called": gsm7.fold(called) or phone,
    }
    for statement in _FORGET:
        driver(session).execute(statement, names)
    for wallet in _wallets(session, user.id):
        if wallet.state != WalletState.CLOSED:
            transition(wallet, WALLET_STEPS, WalletState.CLOSED)
    if user.state != UserState.CLOSED:
        transition(user, USER_STEPS, UserState.CLOSED)
    user.first_name, user.last_name = ERASED_NAME, ""
    user.phone = user.email = user.username = user.password_hash = None
    user.totp_secret = user.oidc_issuer = user.oidc_subject = None
    user.phone_proved_at = user.email_proved_at = None
    user.city = user.address = user.profile_picture = user.last_login_address = ""
    session.flush()
    audit.record(session, actor, "subscriber.erase", "user", user.id, order.reason)


ERASE = approvals.register(
    Kind(
        name="subscriber_erase",
        title="Effacer une personne",
        asks=Permission.SUBSCRIBERS_WRITE,
        decides=Permission.SUBSCRIBERS_WRITE,
        on_approved=_erase,
    )
)


def _guard(session: Session, user_id: UUID) -> User:
    """Return the person, locked, whom nothing keeps here: no money, none on its way, no role."""
    user = session.get(User, user_id, with_for_update=True, populate_existing=True)
    if user is None or user.phone is None:
        raise NotFound(thing="subscriber")
    if user.global_role != "membre" or fetch_one(session, "select 1 from role_grant where user_id = %s", (user_id,)):
        raise HasRoles
    wallets = _wallets(session, user_id)
    balances = ledger.lock_balances(session, [wallet.account_id for wallet in wallets])
    for wallet in wallets:
        if balances[wallet.account_id]:
            raise MoneyLeft(balance=Money(balances[wallet.account_id], Currency(wallet.currency)).on_phone())
    if fetch_one(session, _KEEPS, (user_id,)):
        raise KeepsPointOfSale
    if fetch_one(session, _ON_ITS_WAY, (user_id,)):
        raise MoneyOnItsWay
    return user


_KEEPS = "select 1 from merchant where owner_id = %s and state in ('pending', 'active')"
_ON_ITS_WAY = """
select 1 from ussd_operation o join wallet w on w.id in (o.payer_id, o.payee_id)
where w.user_id = %s and o.state in ('reserved', 'sent', 'unknown') limit 1
"""


def _wallets(session: Session, user_id: UUID) -> list[Wallet]:
    return list(
        session.exec(select(Wallet).where(Wallet.user_id == user_id).order_by(col(Wallet.id)).with_for_update()).all()
    )


# Reads

_KNOWN = {
    "profil.json": "select phone, email, first_name, last_name, language, country, city, created_at from users"
    " where id = %(user)s",
    "portefeuilles.json": "select w.currency, w.level, w.state, a.balance, w.created_at from wallet w"
    " join ledger_account a on a.id = w.account_id where w.user_id = %(user)s",
    "operations.json": "select o.reference, o.type, o.currency, o.amount_minor, o.fee_minor, o.state, o.created_at,"
    " case when p.user_id = %(user)s then 'payeur' else 'bénéficiaire' end as side from ussd_operation o"
    " join wallet p on p.id = o.payer_id left join wallet r on r.id = o.payee_id"
    " where %(user)s in (p.user_id, r.user_id) order by o.created_at desc limit %(most)s",
    "sessions.json": "select s.created_at, s.state, s.language, s.network, s.turn_number, s.goal from ussd_session s"
    " where s.phone = (select phone from users where id = %(user)s) order by s.created_at desc limit %(most)s",
    "abonnements.json": "select c.code, c.name, s.state, s.channel, s.subscribed_at, s.expires_at, s.ended_at"
    " from subscription s join catalog_service c on c.id = s.service_id"
    " where s.phone = (select phone from users where id = %(user)s) order by s.subscribed_at desc limit %(most)s",
    "commandes.json": "select o.reference, t.name as status, o.amount_minor, o.currency, o.note, o.updated_at"
    " from order_row o join order_status t on t.id = o.status_id"
    " where o.phone = (select phone from users where id = %(user)s) order by o.updated_at desc limit %(most)s",
    "sondages.json": "select v.code, v.name, q.text as question, a.value, a.created_at from survey_answer a"
    " join survey_run r on r.id = a.run_id join survey v on v.id = r.survey_id"
    " join survey_question q on q.id = a.question_id"
    " where r.respondent = (select phone from users where id = %(user)s) order by a.created_at limit %(most)s",
    "points_de_vente.json": "select code, name, role, level, currency, state, created_at from merchant"
    " where owner_id = %(user)s order by created_at",
    "desabonnements.json": "select channel, cause, created_at, ended_at from suppression"
    " where address = (select phone from users where id = %(user)s) order by created_at",
    "messages.json": "select created_at, type, channel, address, body, state from message where recipient_id = %(user)s"
    " order by created_at desc limit %(most)s",
}


def export(session: Session, actor: Actor, user_id: UUID) -> bytes:
    """Return a ZIP of what is known of a person, one JSON file a kind; no secret is in it. The copy is in the trail."""
    actor.require(Permission.SUBSCRIBERS_WRITE)
    actor.require(Permission.USSD_TEXTS_READ)
    if fetch_one(session, "select 1 from users where id = %s and phone is not null", (user_id,)) is None:
        raise NotFound(thing="subscriber")
    values = {"user": user_id, "most": MOST_EXPORTED}
    parts: dict[str, Any] = {name: fetch_all(session, query, values) for name, query in _KNOWN.items()}
    audit.record(session, actor, "subscriber.export", "user", user_id, f"{clock.now():%d/%m/%Y}")
    return archive.zipped_json(parts)
