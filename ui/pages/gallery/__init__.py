"""`/_galerie`: every component in every state, light and dark side by side. In development only."""

from nicegui import ui

from core.clock import now
from core.permissions import Actor, Grant, Role, Scope
from ui import frame, navigation, shell
from ui.components import layout
from ui.labels import t
from ui.markup import show, tag
from ui.pages.gallery import acting, charting, showing, tabling

PARTS = (*showing.SPECIMENS, *charting.SPECIMENS, *acting.SPECIMENS, *tabling.SPECIMENS)


@shell.screen("/_galerie", title="Galerie", is_open=True, in_development_only=True)
def gallery() -> None:
    """Draw each specimen twice."""
    visitor = Actor(None, "Mireille Bongo", (Grant(Scope.PLATFORM, Role.ADMIN),))
    sections = [section for section in navigation.SECTIONS if section.path in shell.SCREENS or section.path != "/"]
    waiting = {"/ussd-console": navigation.Waiting(1, is_failure=True), "/administration/taches": navigation.Waiting(3)}
    here = navigation.Section("/_galerie", "Galerie", "palette", group="")
    standing = navigation.Standing(waiting, navigation.Books(is_balanced=True, at=now()))
    with frame.frame(visitor, [here, *sections], standing, "/_galerie", shell.DOORS):
        layout.title(t("Galerie"), t("Chaque composant, dans chaque état, clair et sombre."))
        for title, draw in PARTS:
            layout.section_title(title)
            with ui.element("div").classes("specimen-pair"):
                for scheme in ("light", "dark"):
                    with ui.element("div").classes(f"specimen scheme-{scheme}"):
                        draw()
        show(tag("p", t("Fin de la galerie."), class_="caption"))
