"""What the trail's codes are called: acts and subjects, with the sign each is shown by."""

from datetime import datetime

from reports.ciu.acts import ACTS as CIU_ACTS
from reports.pension_acts import ACTS
from services.audit import AuditRow
from ui.components.history import Happening
from ui.labels import Sign, Tone, moment, t

DEEDS = {
    "message_template.draft": Sign("edit", "Modèle écrit", Tone.NEUTRAL),
    "message_template.publish": Sign("publish", "Modèle publié", Tone.ACCENT),
    "message_template.review": Sign("check_circle", "Modèle relu", Tone.ACCENT),
    "suppression.open": Sign("block", "Adresse écartée", Tone.OCHRE),
    "suppression.end": Sign("undo", "Adresse remise", Tone.ACCENT),
    "message_ceiling.set": Sign("tune", "Plafond des messages réglé", Tone.NEUTRAL),
    "message_ceiling.near": Sign("warning", "Plafond des messages proche", Tone.OCHRE),
    "message_ceiling.reached": Sign("block", "Plafond des messages atteint", Tone.RED),
    "user.sign_in": Sign("login", "Connexion", Tone.NEUTRAL),
    "user.sign_out": Sign("logout", "Déconnexion", Tone.NEUTRAL),
    "user.session_end": Sign("logout", "Session fermée", Tone.NEUTRAL),
    "user.register": Sign("person_add", "Inscription", Tone.ACCENT),
    "user.create": Sign("person_add", "Utilisateur créé", Tone.ACCENT),
    "user.update": Sign("edit", "Profil modifié", Tone.NEUTRAL),
    "user.prove": Sign("verified_user", "Contact vérifié", Tone.ACCENT),
    "user.close": Sign("person_off", "Compte désactivé", Tone.RED),
    "user.reopen": Sign("person_check", "Compte réactivé", Tone.ACCENT),
    "user.role_grant": Sign("shield_person", "Rôle donné", Tone.BLUE),
    "user.role_revoke": Sign("remove", "Rôle retiré", Tone.OCHRE),
    "user.global_role": Sign("admin_panel_settings", "Rôle de plateforme changé", Tone.BLUE),
    "user.change_password": Sign("password", "Mot de passe changé", Tone.NEUTRAL),
    "user.forgot_password": Sign("lock_reset", "Mot de passe oublié", Tone.NEUTRAL),
    "user.reset_password": Sign("lock_reset", "Mot de passe choisi de nouveau", Tone.NEUTRAL),
    "user.refresh_reused": Sign("gpp_bad", "Jeton rejoué", Tone.RED),
    "user.totp_enrol": Sign("qr_code", "Double authentification préparée", Tone.NEUTRAL),
    "user.totp_on": Sign("verified_user", "Double authentification activée", Tone.ACCENT),
    "user.totp_off": Sign("gpp_maybe", "Double authentification désactivée", Tone.OCHRE),
    "user.totp_removed": Sign("gpp_maybe", "Double authentification retirée", Tone.OCHRE),
    "user.push_on": Sign("notifications_active", "Navigateur abonné", Tone.ACCENT),
    "user.push_off": Sign("notifications_off", "Navigateur retiré", Tone.NEUTRAL),
    "user.totp_wrong": Sign("gpp_bad", "Code de double authentification faux", Tone.RED),
    "user.phone_lost": Sign("sim_card", "Numéro passé à une autre personne", Tone.OCHRE),
    "subscriber.register": Sign("person_add", "Abonné inscrit", Tone.ACCENT),
    "subscriber.suspend": Sign("pause", "Abonné suspendu", Tone.OCHRE),
    "subscriber.reactivate": Sign("person_check", "Abonné rétabli", Tone.ACCENT),
    "pin.unlock": Sign("lock_open", "Code PIN débloqué", Tone.NEUTRAL),
    "organisation.create": Sign("apartment", "Organisation créée", Tone.ACCENT),
    "organisation.update": Sign("apartment", "Organisation modifiée", Tone.NEUTRAL),
    "api_key.create": Sign("key", "Clé d'API créée", Tone.BLUE),
    "api_key.revoke": Sign("block", "Clé d'API révoquée", Tone.OCHRE),
    "ledger.reverse": Sign("undo", "Opération contre-passée", Tone.OCHRE),
    "operation.reverse": Sign("undo", "Transfert annulé", Tone.OCHRE),
    "tariff.add": Sign("sell", "Tarif ajouté", Tone.NEUTRAL),
    "tariff.retire": Sign("sell", "Tarif retiré", Tone.NEUTRAL),
    "ussd.publish": Sign("publish", "Menu publié", Tone.BLUE),
    "ussd.trial_end": Sign("experiment", "Essai de menu fini", Tone.NEUTRAL),
    "ussd.trial_start": Sign("experiment", "Menu à l'essai", Tone.BLUE),
    "ussd.end_session": Sign("call_end", "Session USSD fermée", Tone.OCHRE),
    "transfer.request": Sign("swap_horiz", "Transfert demandé", Tone.BLUE),
    "transfer.succeeded": Sign("check", "Transfert réussi", Tone.ACCENT),
    "transfer.failed": Sign("error", "Transfert échoué", Tone.RED),
    "transfer.expired": Sign("history", "Transfert expiré", Tone.NEUTRAL),
    "transfer.cancelled": Sign("close", "Transfert annulé avant l'envoi", Tone.NEUTRAL),
    "transfer.reversed": Sign("undo", "Versement revenu", Tone.OCHRE),
    "transfer.unknown": Sign("help", "Sort inconnu", Tone.OCHRE),
    "transfer.ask": Sign("sync", "Opérateur interrogé", Tone.NEUTRAL),
    "transfer.attach_proof": Sign("attach_file", "Preuve jointe", Tone.NEUTRAL),
    "transfer_case.open": Sign("fact_check", "Dossier de paiement ouvert", Tone.OCHRE),
    "transfer_case.close": Sign("fact_check", "Dossier de paiement clos", Tone.ACCENT),
    "transfer_refund.ask": Sign("approval_delegation", "Remboursement demandé", Tone.BLUE),
    "transfer_refund.approved": Sign("check", "Remboursement approuvé", Tone.ACCENT),
    "transfer_refund.refused": Sign("block", "Remboursement refusé", Tone.OCHRE),
    "settle_unknown.ask": Sign("approval_delegation", "Règlement d'un inconnu demandé", Tone.BLUE),
    "settle_unknown.approved": Sign("check", "Règlement d'un inconnu approuvé", Tone.ACCENT),
    "settle_unknown.refused": Sign("block", "Règlement d'un inconnu refusé", Tone.OCHRE),
    "close_case.ask": Sign("approval_delegation", "Clôture d'un dossier demandée", Tone.BLUE),
    "close_case.approved": Sign("check", "Clôture d'un dossier approuvée", Tone.ACCENT),
    "close_case.refused": Sign("block", "Clôture d'un dossier refusée", Tone.OCHRE),
    "inbound_event.replay": Sign("replay", "Rappel rejoué", Tone.NEUTRAL),
    "provider_account.create": Sign("add", "Compte d'opérateur créé", Tone.ACCENT),
    "provider_account.pause": Sign("pause", "Compte d'opérateur suspendu", Tone.OCHRE),
    "provider_account.resume": Sign("play_arrow", "Compte d'opérateur en service", Tone.ACCENT),
    "provider_account.resume_payouts": Sign("play_arrow", "Versements d'un opérateur repris", Tone.ACCENT),
    "provider_account.test": Sign("experiment", "Compte d'opérateur essayé", Tone.NEUTRAL),
    "provider_account.breaker_open": Sign("pause_circle", "Opérateur disjoncté", Tone.RED),
    "provider_account.breaker_locked": Sign("lock", "Opérateur bloqué", Tone.RED),
    "provider_account.breaker_closed": Sign("check_circle", "Opérateur rétabli", Tone.ACCENT),
    "provider_route.change": Sign("compare_arrows", "Route de paiement changée", Tone.BLUE),
    "jobs.run": Sign("play_arrow", "Tâche lancée", Tone.NEUTRAL),
    "books.broken": Sign("balance", "Règle du grand livre rompue", Tone.RED),
    **{act: Sign(icon, word, Tone(tone)) for act, (word, icon, tone) in (CIU_ACTS | ACTS).items()},
}

SUBJECTS = {
    "message_template": "Modèle de message",
    "suppression": "Adresse à ne plus écrire",
    "message_ceiling": "Plafond des messages",
    "user": "Personne",
    "organisation": "Organisation",
    "api_key": "Clé d'API",
    "ledger_transaction": "Opération",
    "ussd_operation": "Transfert",
    "transfer": "Transfert",
    "transfer_case": "Dossier de paiement",
    "inbound_event": "Rappel reçu",
    "provider_account": "Compte d'opérateur",
    "provider_route": "Route de paiement",
    "tariff": "Tarif",
    "ussd_service": "Service USSD",
    "ussd_session": "Session USSD",
    "job": "Tâche",
    "books": "Grand livre",
    "pension_batch": "Lot de pensions",
    "pension_payment": "Pension",
    "pension_account": "Compte payeur",
    "ciu_record": "Code",
    "ciu_pair": "Doublon",
    "ciu_recipe": "Recette",
    "ciu_programme": "Programme",
    "ciu_conversation": "Conversation",
    "ciu_export": "Fichier",
    "ciu_key": "Clé d'appariement",
    "ciu_dhis2_link": "Code dans DHIS2",
    "whatsapp_sender": "Numéro",
}

PAGES = {
    "user": "/administration/utilisateurs/{id}",
    "ledger_transaction": "/grand-livre/operations/{id}",
    "transfer": "/paiements/transferts/{id}",
    "inbound_event": "/paiements/rappels?rappel={id}",
    "ciu_record": "/ciu/codes/{id}",
    "ciu_pair": "/ciu/doublons/{id}",
}


def sign(code: str) -> Sign:
    """Return how an act is shown; one without a name shows its code."""
    return DEEDS.get(code, Sign("circle", code, Tone.NEUTRAL))


def name(row: AuditRow) -> str:
    """Return what was done, and that it was refused where it was."""
    words = t(sign(row.action).word)
    return t("{act} : refusé").format(act=words) if row.is_refusal else words


def subject(code: str) -> str:
    """Return what kind of thing it was done to."""
    return t(SUBJECTS.get(code, code))


def summary(row: AuditRow) -> str:
    """Return the words of an entry; an instant alone is written as a reader writes it."""
    try:
        return moment(datetime.fromisoformat(row.summary))
    except ValueError:
        return row.summary


def href(row: AuditRow) -> str:
    """Return the page of the thing, where it has one; a batch is named by what documents call it."""
    if row.subject_type == "pension_batch":
        return f"/pensions/lots/{row.summary}"
    return PAGES[row.subject_type].format(id=row.subject_id) if row.subject_type in PAGES and row.subject_id else ""


def happening(row: AuditRow) -> Happening:
    """Return an entry as a line of a history."""
    shown = sign(row.action)
    by = t("par {name}").format(name=row.actor_name)
    return Happening(
        at=row.created_at,
        title=name(row),
        detail=f"{by} · {summary(row)}" if row.summary else by,
        icon="gpp_bad" if row.is_refusal else shown.icon,
        tone=Tone.RED if row.is_refusal else shown.tone,
    )
