"""Where a person may be known: every column of the real schema is declared here, and what must go is seen to go.

A new table or column fails the first test until somebody has said whether it may hold a number, a name or a text.
"""

import re

import pytest
from psycopg import ClientCursor

from core import clock, ids
from core.database import Database, driver, fetch_all
from services import subscribers
from services.subscribers import EraseSubscriber
from tests.services import wallet_world as people
from tests.services.test_erasure import bank, emptied
from tests.services.wallet_world import AWA, OPERATOR

__all__ = ["bank"]

NUMBER, NAME, WORDS = AWA.removeprefix("+237"), "Mbarga", "ma soeur au village"

# What may say who somebody is or what he wrote, and is gone or replaced when he is forgotten.
FORGOTTEN = """
message: address variables data body dedupe_key
message_event: detail
merchant: name note
notice: cursor
notice_number: phone
one_time_code: address
order_event: note
order_row: phone note
push_subscription: endpoint keys label
pin_credential: hash notes
service_hook: body
subscription: phone
suppression: address detail
survey_answer: value tags
survey_run: respondent
users: email phone username first_name last_name password_hash city address profile_picture totp_secret
  oidc_issuer oidc_subject last_login_address
ussd_operation: party party_name
ussd_session: session_key phone data scratch gateway_report
ussd_turn: input_text response_text wire_body
velocity_bucket: subject
velocity_refusal: subject
wire_record: exchange
"""

# What the books, the proofs towards operators and the trail must keep, or what ends by itself. Payees of pensions are
# in the register of the caisse that pays them, not among our members: it keeps its proofs, and files go after 90 days.
KEPT = """
approval: summary payload reason decision_reason
audit_entry: actor_name subject_id summary changes address
console_session: token_digest address agent
idempotency_record: caller key content headers body
inbound_event: dedupe_key path headers body references
ledger_transaction: key reference actor content
order_event: actor_name
payee_directory: rail_identifier identifier names
pension_batch: end_reason
pension_claim: payee_key
pension_file: name original totals
pension_file_error: detail raw see value
pension_payment: identifier identifier_raw name name_found rail_identifier
pension_set_aside: identifier identifier_raw name
provider_line: party line_key external_id provider_ref
provider_statement: file_name
reconciliation_item: subject detail resolution
refresh_token: token_digest successor address
sign_in_failure: subject address
transfer: key reference party_phone party_reference party_name label handles next_step actor provider_ref
transfer_attempt: url request response answer
transfer_case: detail resolution provider_ref
transfer_event: detail actor
transfer_proof: file_name content
wallet_case: resolution
"""

# Tables that know no member: what the house itself wrote, counted or configured.
NOBODY = """
alembic_version api_key biller catalog_service connector connector_host flow flow_version job_run job_schedule
ledger_account ledger_entry ledger_seal message_ceiling message_template order_status organisation pension_account
pension_settings provider_account
provider_balance provider_route rail_gate rail_rest reconciliation_run role_grant survey survey_question tariff
ussd_figure_cell
ussd_figure_cost ussd_figure_end ussd_figure_screen ussd_figure_step ussd_gateway ussd_path ussd_profile
ussd_publication
ussd_request_hour ussd_route ussd_script ussd_service ussd_switch ussd_trial velocity_rule wallet wallet_limit_version
"""

# What the health identifiers keep. Its people are no members: each has it erased from his own telephone, and the codes
# with it (`services/ciu/store/forgetting.py`); tests/ciu/test_keeping.py looks for what is left.
BY_THEIR_OWN_WISH = """
ciu_alias ciu_consent ciu_contact ciu_conversation ciu_counted_day ciu_day ciu_dhis2_link ciu_event ciu_export
ciu_identity ciu_key ciu_match_key ciu_near_key ciu_pair ciu_programme ciu_qr_token ciu_recipe ciu_record
ciu_record_identity ciu_reserved_code whatsapp_inbound whatsapp_reply whatsapp_sender
"""

# In tables that know members: keys, states, times of day, codes of languages; no number, name or text.
HARMLESS = """
approval: kind subject_type state
audit_entry: action subject_type

inbound_event: source method authenticity claimed_state outcome
ledger_transaction: source kind
merchant: code currency role level state
message: type channel locale template_code guard state provider_message_id encoding cost_currency error_code
  next_channels
message_event: state
message_preference: type channel
notice: name texts default_language audience state tested_checksum
one_time_code: purpose channel digest
order_event: status source
order_row: reference currency
payee_directory: fsp_id id_type
pension_batch: bulk_id currency cycle pause_reason rail seal stage
pension_claim: cycle purpose
pension_file: content_sha256 encoding layout separator sha256 verdict warnings
pension_file_error: code column
pension_payment: code file_transfer_id fsp_id id_type name_verdict purpose reason stage
pension_set_aside: file_transfer_id id_type purpose
pension_transfer_id: transfer_id
pin_credential: pepper_id
provider_line: kind state provider_state currency
provider_statement: sha256
reconciliation_item: kind
service_hook: event state answer
sign_in_failure: kind
subscription: state channel end_reason
suppression: channel cause
survey_run: state at_question network language
transfer: callback_token source direction purpose method adapter environment base_url currency party_code language
  provider_state state reason
transfer_attempt: operation method error_kind
transfer_case: kind dedupe_key currency
transfer_event: from_state to_state cause reason
transfer_proof: content_type sha256
users: global_role state language country
ussd_operation: reference type currency key state refusal
ussd_session: code network language screen transcript_mac state goal gateway_status cost_text
ussd_turn: identity_mac input_mac screen_before screen_after coding progress refusal again_mac
wallet_case: kind
wire_record: outcome
"""

_COLUMNS = """
select c.table_name || '.' || c.column_name as place, c.udt_name as kind from information_schema.columns c
join information_schema.tables t using (table_schema, table_name)
where c.table_schema = 'public' and t.table_type = 'BASE TABLE' and c.table_name !~ '_[0-9]{4}_[0-9]{2}$'
and c.udt_name in ('text', 'varchar', 'citext', 'json', 'jsonb', 'bytea', 'inet', '_text', '_varchar')
"""


def places(declared: str) -> set[str]:
    """Read `table: column column` lines into `table.column`."""
    parts = re.split(r"^(\w+):", declared, flags=re.MULTILINE)[1:]
    return {
        f"{table}.{column}"
        for table, columns in zip(parts[::2], parts[1::2], strict=True)
        for column in columns.split()
    }


def test_every_column_says_what_becomes_of_a_person_in_it(database: Database) -> None:
    with database.transaction() as session:
        real = {row["place"] for row in fetch_all(session, _COLUMNS)}
    of_members = {
        place for place in real if place.partition(".")[0] not in {*NOBODY.split(), *BY_THEIR_OWN_WISH.split()}
    }
    declared = [places(FORGOTTEN), places(KEPT), places(HARMLESS)]
    assert sorted(of_members - set().union(*declared)) == [], "say what erasing a person does to these"
    assert sorted(set().union(*declared) - real) == [], "these are no longer in the schema"
    assert sum(map(len, declared)) == len(set().union(*declared)), "a column is declared once"


def hits(database: Database, *needles: str) -> set[str]:
    """Return the columns in which a needle stands, whatever their type."""
    pattern = "|".join(map(re.escape, needles))
    found = set()
    with database.transaction() as session:
        connection = driver(session)
        for row in fetch_all(session, _COLUMNS):
            table, column = row["place"].split(".")
            value = f"encode(\"{column}\", 'escape')" if row["kind"] == "bytea" else f'"{column}"::text'
            if connection.execute(f'select 1 from "{table}" where {value} ~ %s limit 1', (pattern,)).fetchone():
                found.add(row["place"])
    return found


# One life, everywhere it may leave a trace. Awa wrote WORDS, was called by her NAME, and known by her NUMBER.
_LIFE = """
update users set first_name = %(name)s || ' Awa', email = 'mbarga@exemple.cm',
    username = 'mbarga', last_name = %(name)s,
    city = %(words)s, address = %(words)s, profile_picture = %(words)s, oidc_issuer = 'https://entreprise.example',
    oidc_subject = %(name)s, totp_secret = %(words)s::bytea, last_login_address = '203.0.113.7',
    password_hash = 'argon2' where id = %(user)s;
update message set body = %(words)s, data = jsonb_build_object('note', %(words)s::text) where recipient_id = %(user)s;
insert into message_event (id, created_at, message_id, state, detail)
    select gen_random_uuid(), %(now)s, id, 'sent', jsonb_build_object('to', %(number)s::text)
    from message where recipient_id = %(user)s;
insert into merchant (id, created_at, code, name, owner_id, currency, role, level, state, note)
    values (gen_random_uuid(), %(now)s, '909090', %(name)s, %(user)s, 'XAF', 'agent', 'agent', 'refused', %(words)s);
insert into notice (id, created_at, name, texts, default_language, audience, has_sms, has_inbox, state, cursor,
    tested_checksum, recipients, written)
    values (%(notice)s, %(now)s, 'Fête', '{}', 'fr', '{}', true, true, 'sent', %(number)s, '', 0, 0);
insert into notice_number (id, created_at, notice_id, phone)
    values (gen_random_uuid(), %(now)s, %(notice)s, %(number)s);
insert into one_time_code (id, created_at, user_id, purpose, channel, address, digest, expires_at, tries)
    values (gen_random_uuid(), %(now)s, %(user)s, 'reset', 'sms', %(number)s, '', %(now)s, 0);
insert into push_subscription (id, created_at, user_id, endpoint, keys, label)
    values (gen_random_uuid(), %(now)s, %(user)s, %(words)s, '{}', %(words)s);
insert into order_row (id, created_at, reference, phone, status_id, currency, note, updated_at)
    select %(order)s, %(now)s, 'AWA-77', %(number)s, id, 'XAF', %(words)s, %(now)s from order_status limit 1;
insert into order_event (id, created_at, order_id, status, note, source, actor_name)
    values (gen_random_uuid(), %(now)s, %(order)s, 'reçue', %(words)s, 'console', '');
insert into subscription (id, created_at, phone, user_id, service_id, state, channel, price_minor, subscribed_at,
    end_reason) select %(sub)s, %(now)s, %(number)s, %(user)s, id, 'inactive', 'ussd', 0, %(now)s, ''
    from catalog_service limit 1;
insert into service_hook (id, created_at, service_id, subscription_id, event, body, state, tries, next_try_at, answer)
    select gen_random_uuid(), %(now)s, service_id, id, 'subscription.ended', %(number)s, 'failed', 9, %(now)s, ''
    from subscription where id = %(sub)s;
insert into suppression (id, created_at, channel, address, cause, is_absolute, detail)
    values (gen_random_uuid(), %(now)s, 'sms', %(number)s, 'stop', false, %(words)s);
insert into survey (id, created_at, code, name, languages, audience, state, has_one_answer_per_phone, is_anonymous)
    values (%(survey)s, %(now)s, 'VIE', 'Vie', '["fr"]', '{}', 'open', true, false);
insert into survey_question (id, created_at, survey_id, number, code, kind, text, options, is_required, next)
    values (%(question)s, %(now)s, %(survey)s, 1, 'q1', 'text', '{}', '[]', true, '');
insert into survey_run (id, created_at, survey_id, respondent, ordinal, state, at_question, day, network, language)
    values (%(run)s, %(now)s, %(survey)s, %(number)s, 1, 'complete', '', '2026-11-21', '', 'fr');
insert into survey_answer (id, created_at, run_id, question_id, value, tags)
    values (gen_random_uuid(), %(now)s, %(run)s, %(question)s, %(words)s, jsonb_build_array(%(words)s::text));
insert into ussd_session (id, created_at, gateway_id, session_key, generation, phone, user_id, service_id, version_id,
    code, network, language, screen, page, visit, data, scratch, transcript_length, secret_positions, turn_number,
    refusals, state, goal, has_committed, conflicts, is_test, last_activity_at, gateway_report)
    select %(session)s, %(now)s, g.id, 'k-' || %(number)s, 1, %(number)s, %(user)s, s.id, s.live_version_id, '', '',
    'fr', '', 1, 0, jsonb_build_object('payee', %(name)s::text), jsonb_build_object('a', %(words)s::text), 0, '{}', 1,
    0, 'ended', '', false, 0, false, %(now)s, jsonb_build_object('hops', %(words)s::text)
    from ussd_gateway g, ussd_service s limit 1;
insert into ussd_turn (id, created_at, session_id, number, identity_mac, input_text, screen_before, screen_after,
    response_text, coding, size, has_more, wire_body, progress, refusal, is_error, response_time_us, replays)
    values (gen_random_uuid(), %(now)s, %(session)s, 1, '\\x01', %(words)s, '', '', %(name)s, 'gsm7', 0, true,
    convert_to(%(name)s, 'UTF8'), 'done', '', false, 0, 0);
insert into velocity_rule (id, created_at, name, capacity, window_s) values (%(rule)s, %(now)s, 'turns', 9, 7);
insert into velocity_bucket (id, created_at, rule_id, subject, tokens, refilled_at)
    select gen_random_uuid(), %(now)s, id, %(number)s, 0, %(now)s from velocity_rule limit 1;
insert into velocity_refusal (id, created_at, rule_id, subject, hour, refusals, last_at)
    select gen_random_uuid(), %(now)s, id, %(number)s, %(now)s, 1, %(now)s from velocity_rule limit 1;
insert into wire_record (id, created_at, gateway_id, outcome, exchange, elapsed_us)
    select gen_random_uuid(), %(now)s, id, 'end', jsonb_build_object('msisdn', %(bare)s::text), 1
    from ussd_gateway limit 1;
update ussd_operation set party = %(number)s, party_name = %(name)s;
"""
# Hidden already (a hash), or of one shape with what is planted beside it.
UNSEEN = {"pin_credential.hash", "pin_credential.notes", "push_subscription.keys", "users.password_hash",
          "users.oidc_issuer", "users.last_login_address", "message.dedupe_key"}  # fmt: skip


@pytest.fixture
def lived(bank: Database) -> Database:
    user_id = emptied(bank)
    with bank.transaction() as session:
        places_of_life = ("notice", "order", "sub", "survey", "question", "run", "session", "rule")
        values: dict[str, object] = {name: ids.new_id() for name in places_of_life}
        values.update(user=user_id, now=clock.now(), name=NAME, words=WORDS, number=AWA, bare=AWA[1:])
        with ClientCursor(driver(session)) as cursor:
            cursor.execute(_LIFE, values)
    return bank


def test_nothing_of_a_whole_life_is_left_where_it_must_go(lived: Database) -> None:
    before = hits(lived, NUMBER, NAME, NAME.lower(), WORDS)
    assert " ".join(sorted(places(FORGOTTEN) - before - UNSEEN)) == "", "the life told above leaves a trace in each"
    assert " ".join(sorted(before - places(FORGOTTEN) - places(KEPT))) == "", "nothing else knows her"
    with lived.transaction() as session:
        order = EraseSubscriber(user_id=people.user_id(session, AWA), reason="À sa demande écrite")
        asked = subscribers.erase(session, OPERATOR, order)
    people.agree(lived, asked)
    assert hits(lived, NUMBER, NAME, NAME.lower(), WORDS) <= places(KEPT)
