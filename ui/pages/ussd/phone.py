"""`/ussd-console/telephone`: a phone that speaks to real addresses, what goes over the wire, and the walks kept."""

from channels.ussd import scripts, simulation, trial_lines
from core.permissions import Permission
from ui import shell
from ui.components import layout
from ui.components.empty import sentence
from ui.labels import t
from ui.markup import show
from ui.pages.ussd import words
from ui.pages.ussd.phone_scripts import Scripts
from ui.pages.ussd.phone_wire import Wire
from ui.pages.ussd.simulator import Seen, Simulator


@shell.screen("/ussd-console/telephone", title="Téléphone", needs=Permission.USSD_SIMULATE)
async def phone() -> None:
    """Draw the phone on the left, what it says and hears on the right, the kept walks below."""
    layout.title(
        t("Téléphone"),
        t("Chaque touche part en HTTP vers le vrai service ; l'argent est fictif."),
        crumbs=[("USSD", words.SECTION)],
    )
    callers = await shell.read(simulation.list_callers)
    if callers is None:
        show(sentence(t("Le téléphone est fermé sur cette installation."), "mobile"))
        return
    services = await shell.read(trial_lines.list_services) or []
    contracts = await shell.read(trial_lines.list_contracts) or []
    with layout.grid():
        with layout.cell(4):
            simulator = Simulator(callers, services, contracts)
        with layout.cell(8):
            wire = Wire()
        with layout.cell(12):
            kept = Scripts(await shell.read(scripts.list_scripts) or [])

    async def follow(seen: Seen) -> None:
        kept.follow(seen)
        await wire.add(seen)

    simulator.on_seen, simulator.on_keep = follow, kept.ask_name
