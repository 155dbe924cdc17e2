"""`/paiement/retour` and `/paiement/annule`: where a provider's page sends whoever was paying, or gave up.

Anybody may open them, with whatever a provider puts behind `?`: it is ignored, and nothing is shown about anybody. What
became of the payment only a status read knows; an SMS tells it.
"""

from services.transfers import dispatch
from ui import frame, shell
from ui.labels import t
from ui.pages.signing_in import words


@shell.screen(dispatch.RETURN_PATH, title="Paiement en vérification", is_open=True)
def returned() -> None:
    """Say that the payment is being checked."""
    sentence = t(
        "Nous vérifions auprès de votre opérateur, puis un SMS vous le confirmera. Ne payez pas une autre fois."
    )
    with frame.bare():
        words.heading(t("Paiement en vérification"), sentence)


@shell.screen(dispatch.CANCEL_PATH, title="Paiement abandonné", is_open=True)
def given_up() -> None:
    """Say that the payment was given up, and what happens if it went through all the same."""
    sentence = t("Vous pouvez recommencer. Si de l'argent est parti quand même, un SMS vous le confirmera.")
    with frame.bare():
        words.heading(t("Paiement abandonné"), sentence)
