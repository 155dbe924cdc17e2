"""Acts of `./dev ciu` on an installation: its keys, a signed test message, the register of an earlier system."""

import sys
from argparse import Namespace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from commands import ciu_dhis2
from commands.ciu_installation import open_database, tell
from core.errors import Unavailable
from core.i18n import t


class NoAccount(Unavailable):
    """Nothing to sign with."""

    code = "twilio_absent"
    sentence = "Aucun compte Twilio WhatsApp actif : rien ne peut signer ce message."


class NoReply(Unavailable):
    """The public address did not answer."""

    code = "sans_reponse"
    sentence = "{url} ne répond pas ({reason})."


def add(acts: Any) -> None:
    """Add the acts to `./dev ciu`."""
    keys = acts.add_parser("keys", help=t("clés d'appariement : versions, export, retrait"))
    which = keys.add_subparsers(metavar=t("acte"), required=True)
    which.add_parser("show", help=t("versions et ce qui en dépend")).set_defaults(command=show_keys)
    which.add_parser("export", help=t("les afficher une fois, pour le coffre")).set_defaults(command=export_keys)
    retired = which.add_parser("retire", help=t("retirer une version, service arrêté"))
    retired.add_argument("version", type=int)
    retired.add_argument("--lose", type=int, default=0, metavar="N", help=t("empreintes perdues, nombre exact"))
    retired.set_defaults(command=retire_key)
    test = acts.add_parser("send-test", help=t("envoyer un message signé à l'adresse publique"))
    test.add_argument("--from", dest="sender", required=True, metavar="+243…")
    test.add_argument("--body", default="Test")
    test.set_defaults(command=send_test)
    imported = acts.add_parser("import", help=t("reprendre un registre CSV"))
    imported.add_argument("file", type=Path, metavar=t("FICHIER"))
    imported.add_argument("--apply", action="store_true", help=t("garder ; sans cela, seulement vérifier"))
    imported.set_defaults(command=import_register)
    ciu_dhis2.add(acts)


def show_keys(_arguments: Namespace) -> None:
    """Print each version and how many rows need it."""
    from services.ciu.store.keys import count_uses, get_ciu_keys

    with open_database(is_checked=False).transaction() as session:
        uses = count_uses(session)
    for version in sorted({*uses, *get_ciu_keys().match}):
        place = t("active") if version in get_ciu_keys().match else t("absente")
        print(f"{version}\t{place}\t{uses.get(version, 0)}")


def export_keys(_arguments: Namespace) -> None:
    """Print the secrets that no backup of the database holds."""
    from core.settings import get_settings

    settings = get_settings()
    for name in ("uic_salt", "ciu_match_keys", "ciu_data_key"):
        print(f'{name.upper()}="{getattr(settings, name).get_secret_value()}"')
    print(t("Sans ces clés, personne ne retrouvera son code : gardez-les au coffre."), file=sys.stderr)


def retire_key(arguments: Namespace) -> None:
    """Move the addresses to the next key, then let go of this one."""
    from core.permissions import SYSTEM
    from services.ciu.store import rotating

    database = open_database()
    with database.transaction() as session:
        rotating.require_idle(session, arguments.version)
        number = rotating.count_lost(session, arguments.version)
        if number != arguments.lose:
            raise rotating.KeyStillNeeded(number=number, version=arguments.version)
    moved = rotating.BATCH
    while moved:
        with database.transaction() as session:
            moved = rotating.move_lookups(session, arguments.version)
    with database.transaction() as session:
        rotating.retire_key(session, SYSTEM, arguments.version, arguments.lose)
    print(t("La clé {version} peut quitter CIU_MATCH_KEYS.").format(version=arguments.version))


def send_test(arguments: Namespace) -> None:
    """Sign a message as Twilio does, post it to the public address and print what is answered."""
    from uuid import uuid4

    from core.ciu_settings import WEBHOOK_PATH
    from core.settings import get_settings
    from providers import http
    from providers.messaging.signatures import sign_as_twilio
    from services.messages import accounts

    with open_database().transaction() as session:
        known = accounts.list_accounts_of(session, "twilio_whatsapp")
    if not known:
        raise NoAccount
    account, base = known[0], get_settings().public_base_url.split(",")[0].strip().rstrip("/")
    form = {
        "AccountSid": str(account.settings["account_sid"]),
        "MessageSid": f"SM{uuid4().hex}",
        "From": f"whatsapp:{arguments.sender}",
        "To": f"whatsapp:{account.settings['from']}".replace("whatsapp:whatsapp:", "whatsapp:"),
        "Body": arguments.body,
        "NumMedia": "0",
    }
    url = f"{base}{WEBHOOK_PATH}"
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": sign_as_twilio(account.secret_values("auth_token")[0], url, form),
    }
    try:
        answer = http.post_form(url, urlencode(form), headers)
    except http.HttpError as error:
        raise NoReply(url=url, reason=type(error).__name__) from error
    print(answer.status_code, answer.text)


def import_register(arguments: Namespace) -> int:
    """Print every refused row and a closing count; without `--apply` nothing is kept."""
    from core.permissions import SYSTEM
    from services.ciu.store import importing, programmes

    rows, unreadable = importing.read_register(arguments.file.read_text(encoding="utf-8"))
    database, taken, refused = open_database(), 0, list(unreadable)
    parts = importing.batches_of(rows) if arguments.apply else [rows]
    for part in parts:
        with database.transaction() as session:
            if arguments.apply:
                found = importing.import_rows(session, SYSTEM, programmes.get_default(session), part)
            else:
                found = importing.check_rows(session, SYSTEM, part)
        taken, refused = taken + found.taken, [*refused, *found.refused]
    return tell(taken, refused, is_kept=arguments.apply)
