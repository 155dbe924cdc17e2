"""`/administration/taches`: what runs by itself, how it went, when it runs next, and the wish to run it now."""

from nicegui import ui

from core.permissions import Permission
from services import jobs
from services.jobs import JobRow, RunRow
from ui import live, shell
from ui.components import buttons, cards, chips, dialogs, layout, toasts
from ui.components.empty import sentence
from ui.components.history import Happening, history
from ui.labels import NO_BREAK, State, Tone, decimal, duration, t, when
from ui.markup import Markup, join, show, tag
from ui.pages.administration import words

LOOK_EVERY_S = 1.0
MINUTE_S = 60
TONES = {"done": Tone.ACCENT, "failed": Tone.RED, "running": Tone.BLUE, "requested": Tone.BLUE}


class _Line:
    """One job on the page; it is drawn once and then only told what changed."""

    def __init__(self, job: JobRow, *, may_run: bool) -> None:
        self._job = job
        with ui.element("div").classes("line job-line"):
            self._words = show(Markup(), classes="job-words")
            with ui.element("div").classes("abreast abreast-end"):
                past = buttons.icon_only("history", t("Exécutions de « {job} »").format(job=t(job.title)), self._open)
                past.classes("job-past")
                self._button = buttons.secondary(t("Lancer maintenant"), self._run, icon="play_arrow")
                self._button.props["aria-label"] = t("Lancer maintenant : {job}").format(job=t(job.title))
                self._button.set_visibility(may_run)
        self.tell(job)

    def tell(self, job: JobRow) -> None:
        """Show how the job stands now."""
        self._job = job
        self._words.set_content(_words(job))
        self._button.set_enabled(not is_busy(job))

    async def _run(self) -> None:
        self._button.disable()
        if await shell.act(jobs.request_run, self._job.job) is not None:
            toasts.done(t("Demandé : {job}.").format(job=t(self._job.title)))

    async def _open(self) -> None:
        runs = await shell.read(jobs.list_runs, self._job.job)
        if runs is None:
            return
        with dialogs.dialog(t(self._job.title)) as dialog:
            show(history([_happening(run) for run in runs]))
        dialog.open()


@shell.screen("/administration/taches", title="Tâches", needs=Permission.JOBS_READ)
async def tasks() -> None:
    """Draw the jobs; they change while one looks."""
    layout.title(t("Tâches"), t("Ce qui s'exécute seul. Fermer cette page n'arrête rien."))
    found = await shell.read(jobs.list_jobs)
    if found is None:
        return
    may_run = shell.visitor().may(Permission.JOBS_RUN)
    lines: dict[str, _Line] = {}
    with cards.titled(t("Tâches planifiées"), count=str(len(found)), is_flush=True, is_ruled=True, is_live=True):
        if not found:
            show(sentence(t("Aucun processus n'a encore déclaré ses tâches."), "schedule"))
        for job in found:
            lines[job.job] = _Line(job, may_run=may_run)

    async def refresh() -> None:
        for job in await shell.read(jobs.list_jobs) or []:
            if job.job in lines:
                lines[job.job].tell(job)

    # What ends is announced; what begins is not, so a page that is open looks by itself.
    ui.timer(LOOK_EVERY_S, refresh)
    live.hub.subscribe(["jobs"], lambda _: refresh())


def is_busy(job: JobRow) -> bool:
    """Say whether a job runs or is about to."""
    return job.is_requested or (job.last_run is not None and job.last_run.state == "running")


def _words(job: JobRow) -> Markup:
    run = job.last_run
    head = tag("div", tag("span", t(job.title), class_="line-title"), _state(job), class_="abreast")
    summary = tag("span", t(run.summary), class_="job-summary") if run and run.summary else None
    last = " · ".join(filter(None, (_when(run), took(run)))) if run else t("Jamais")
    following = when(job.next_run_at) if job.next_run_at else t("Sans suite")
    return join(
        tag("div", head, tag("span", t(job.rhythm), class_="line-detail"), summary, class_="job-part"),
        _part(t("Dernière exécution"), last),
        _part(t("Prochaine"), following),
    )


def _part(label: str, value: str) -> Markup:
    return tag("div", tag("span", label, class_="caption"), tag("span", value), class_="job-part")


def _state(job: JobRow) -> Markup | None:
    if job.is_requested and (job.last_run is None or job.last_run.state != "running"):
        return chips.chip(State.REQUESTED)
    return chips.chip(words.RUN_STATES[job.last_run.state]) if job.last_run else None


def _when(run: RunRow) -> str:
    return when(run.started_at) if run.started_at else ""


def took(run: RunRow) -> str:
    """Return how long a run took: `0,41 s` under a minute, else `2:05`."""
    if run.started_at is None or run.ended_at is None:
        return ""
    seconds = (run.ended_at - run.started_at).total_seconds()
    return duration(seconds) if seconds >= MINUTE_S else f"{decimal(seconds, 2)}{NO_BREAK}s"


def _happening(run: RunRow) -> Happening:
    state = words.RUN_STATES[run.state].value
    by = t("demandée par {name}").format(name=run.requested_by) if run.requested_by else t("à son heure")
    detail = " · ".join(filter(None, (by, took(run))))
    at = run.started_at or run.requested_at
    assert at is not None  # noqa: S101  # a run was asked for or begun
    return Happening(at, t(run.summary) or t(state.word), detail, state.icon, TONES[run.state])
