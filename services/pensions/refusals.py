"""What a verb on pensions says no with; the codes are those of the documented API."""

from core.errors import Conflict, NotFound, Refusal


class BatchNotFound(NotFound):
    """No such batch, or one of another organisation: the same words."""

    code = "not_found"
    sentence = "Lot introuvable."


class AccountUnknown(Refusal):
    """The file names an account that is not one of the organisation's."""

    code = "account_unknown"
    sentence = "Ce compte payeur n'est pas un compte de votre organisation."


class NoAccount(Refusal):
    """No account is named, and the organisation has no default one."""

    code = "no_account"
    sentence = "Choisissez le compte payeur : votre organisation n'en a pas par défaut."


class AccountInactive(Refusal):
    """A closed account pays nothing."""

    code = "account_inactive"
    sentence = "Ce compte payeur est fermé : choisissez-en un autre."


class OrganisationClosed(Refusal):
    """A closed organisation reads and cannot send."""

    code = "organisation_inactive"
    status = 409
    sentence = "Votre organisation est fermée : elle peut lire, pas envoyer."


class WrongStage(Refusal):
    """The batch or payment is at another step."""

    code = "wrong_stage"
    status = 409
    sentence = "Impossible à cette étape ({stage}) : rechargez la page."


class LookupsRunning(Refusal):
    """The names are still being asked for."""

    code = "lookups_running"
    status = 409
    sentence = "La vérification des bénéficiaires n'est pas finie : encore {left}."


class SealChanged(Refusal):
    """What the approver read is not what stands."""

    code = "seal_changed"
    status = 409
    sentence = "Le sceau ne correspond pas à ce lot : relisez-le avant de l'approuver."


class SamePersonApproves(Refusal):
    """Who uploaded or confirmed a batch does not approve it."""

    code = "same_person"
    status = 403
    sentence = "Une autre personne doit approuver : vous avez déposé ou confirmé ce lot."


class SecondPersonNeeded(Refusal):
    """One person has given a proof; another must agree."""

    code = "second_person_needed"
    status = 409
    sentence = "Votre preuve est gardée : une deuxième personne doit régler ce paiement."


class PaymentTooYoung(Refusal):
    """The switch may still say it itself."""

    code = "too_early"
    status = 409
    sentence = "Ce paiement n'est en doute que depuis peu : il se règle avec une preuve après {hours} heures."


class BreakerOpen(Refusal):
    """The rail is still unwell."""

    code = "breaker_open"
    status = 409
    sentence = "Le switch ne répond pas encore bien : la reprise attendra."


class NothingToRetry(Refusal):
    """No payment of the batch failed in a way that another try could mend."""

    code = "nothing_to_retry"
    status = 409
    sentence = "Aucun paiement de ce lot ne peut être relancé."


class SameFile(Conflict):
    """The same bytes, or the same payees and amounts in the same cycle, were sent before."""

    code = "same_file"
    sentence = "Ce fichier a déjà été envoyé le {uploaded_at_text} par {uploaded_by} (lot {bulkTransferId})."


class AlreadyPaidThisCycle(Conflict):
    """Another batch claimed one of these people first."""

    code = "already_paid_this_cycle"
    sentence = "Un autre lot paie déjà une de ces personnes pour ce mois. Rien n'a été réservé."
