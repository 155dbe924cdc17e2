"""What the queue of the unknowns refuses."""

from core.errors import FieldRefusal, Refusal


class ProofNeeded(Refusal):
    """Nobody settles an unknown on his word: the provider's statement line or written answer is attached first."""

    code = "preuve_requise"
    status = 409
    sentence = "Joignez d'abord une preuve : la ligne du relevé ou la réponse écrite de l'opérateur."


class NotUnknown(Refusal):
    """The transfer is known by now: by the provider, or because somebody else settled it."""

    code = "deja_connu"
    status = 409
    sentence = "Ce transfert n'est plus inconnu : il a déjà été réglé."


class ProofTooLarge(FieldRefusal):
    """A proof is a page or two, not an archive."""

    code = "preuve_trop_lourde"
    status = 413
    sentence = "Fichier trop lourd : {most} Mo au plus."
    field = "content"


class ProofUnreadable(FieldRefusal):
    """The file is none of the kinds a proof may be, or not of the kind it says."""

    code = "preuve_illisible"
    status = 415
    sentence = "Ce fichier n'est ni un PDF, ni une image PNG ou JPEG, ni un texte."
    field = "content"


class TooManyProofs(Refusal):
    """A transfer has more proofs than anybody reads."""

    code = "trop_de_preuves"
    status = 409
    sentence = "Ce transfert a déjà {most} preuves."


class CaseClosed(Refusal):
    """Somebody has closed this case."""

    code = "dossier_clos"
    status = 409
    sentence = "Ce dossier est déjà clos."


class MoneyInSuspense(Refusal):
    """A case whose money still waits in suspense is not closed by words."""

    code = "argent_en_attente"
    status = 409
    sentence = "De l'argent attend dans ce dossier : dites s'il est rendu, crédité ou gardé."


class NothingInSuspense(Refusal):
    """No money waits in this case: there is none to move."""

    code = "rien_en_attente"
    status = 409
    sentence = "Aucun argent n'attend dans ce dossier."


class NotCreditable(Refusal):
    """What waits is not exactly what a collect of ours should have brought."""

    code = "non_creditable"
    status = 409
    sentence = "Cet argent ne correspond pas exactement à ce que la personne devait : il ne peut pas lui être crédité."


class TransferStillOpen(Refusal):
    """What a case put in suspense may yet belong to its transfer: that is settled first."""

    code = "transfert_ouvert"
    status = 409
    sentence = "Réglez d'abord le transfert : on ne sait pas encore comment il finit."
