"""`/administration/sante`: whether the books are right, and how what carries them is."""

import platform
from importlib.metadata import version

from nicegui import app, ui

from core.clock import now
from core.permissions import Permission
from core.settings import get_settings
from services import books, jobs, provider_seeds
from services import health as report
from services.books import Examination, Finding
from services.health import Health
from services.jobs import JobRow
from ui import live, shell
from ui.components import buttons, cards, chips, copy_field, facts, layout, progress, tiles, toasts
from ui.components.empty import sentence
from ui.labels import Sign, Tone, count, decimal, duration, moment, t, when
from ui.markup import Markup, icon, join, show, tag

HOLDS = Sign("check_circle", "Tenue", Tone.ACCENT)
BROKEN = Sign("error", "Rompue", Tone.RED)
GOOD = Sign("check_circle", "Bon", Tone.ACCENT)
BAD = Sign("error", "À voir", Tone.RED)
LOOK_EVERY_S = 1.0
DIFFERENCES = {"differs": "différente de {code}", "absent": "absente de {code}", "no_account": "sans compte {code}"}
MEBIBYTE = 1024 * 1024
LIBRARIES = ("NiceGUI", "FastAPI", "SQLAlchemy", "psycopg")


@shell.screen("/administration/sante", title="Santé", needs=Permission.HEALTH_READ)
async def health() -> None:
    """Draw the examination of the books, the ledger's head, the database and the jobs; all of it follows the news."""
    with layout.page_head(t("Santé"), t("Les règles de l'argent, examinées chaque nuit et à la demande.")):
        button = buttons.primary(t("Vérifier maintenant"), icon="fact_check")
        button.set_visibility(shell.visitor().may(Permission.JOBS_RUN))
    bar = show(Markup())
    measures = show(Markup())
    with layout.grid():
        with layout.cell(8):
            with cards.titled(t("Règles de l'argent"), is_flush=True, is_ruled=True):
                rules = show(Markup())
            with cards.titled(t("Tâches")):
                tasks = show(Markup())
        with layout.cell(4):
            with cards.titled(t("Tête du grand livre")):
                head = show(Markup())
            with cards.titled(t("Base de données")):
                database = show(Markup())
            with cards.titled(t("Versions")):
                show(facts.facts(_versions()))
            await _draw_differences()

    async def refresh() -> None:
        examination = await shell.read(books.get_examination)
        state = await shell.read(report.get_health)
        if examination is None or state is None:
            return
        measures.set_content(_measures(examination, state))
        rules.set_content(_rules(examination))
        head.set_content(_head(state))
        database.set_content(_database(state))
        tasks.set_content(_tasks(state))
        await follow()

    async def follow() -> None:
        run = next((job for job in await shell.read(jobs.list_jobs) or [] if job.job == "books"), None)
        is_busy = run is not None and _is_busy(run)
        bar.set_content(_progress(run) if run is not None and is_busy else Markup())
        button.set_enabled(not is_busy)
        watch.active = is_busy

    async def examine() -> None:
        if await shell.act(jobs.request_run, "books") is not None:
            toasts.done(t("Examen demandé."))
            await follow()

    watch = ui.timer(LOOK_EVERY_S, refresh, active=False)
    button.on_click(examine)
    await refresh()
    live.hub.subscribe(["books", "jobs"], lambda _: refresh())


def _is_busy(job: JobRow) -> bool:
    return job.is_requested or (job.last_run is not None and job.last_run.state == "running")


def _progress(job: JobRow) -> Markup:
    run = job.last_run
    started = run.started_at if run is not None and run.state == "running" else None
    words = (
        t("Examen en cours depuis {duration}").format(duration=duration((now() - started).total_seconds()))
        if started
        else t("Examen demandé : il commence dans un instant.")
    )
    return tag("div", tag("span", words, class_="line-title"), progress.moving_bar(words), class_="card", role="status")


def _measures(examination: Examination, state: Health) -> Markup:
    broken = sum(not finding.holds for finding in examination.findings)
    when_examined = when(examination.ended_at) if examination.ended_at else t("jamais")
    examined = t("{count} règles, examinées à {time}").format(count=len(examination.findings), time=when_examined)
    jobs_state = state.jobs
    return tiles.measures(
        [
            tiles.Measure(
                t("Grand livre"),
                _verdict(is_good=examination.are_right, words=t("Équilibré") if not broken else t("En écart")),
                examined if examination.ended_at else t("Jamais examiné"),
            ),
            tiles.Measure(
                t("Migrations"),
                _verdict(
                    is_good=state.database.is_migrated,
                    words=t("À jour") if state.database.is_migrated else t("En retard"),
                ),
                ", ".join(sorted(state.database.revisions)),
            ),
            tiles.Measure(
                t("Tâches"),
                _verdict(
                    is_good=jobs_state.has_leader and not jobs_state.failing,
                    words=t("Conduites") if jobs_state.has_leader else t("Arrêtées"),
                ),
                t("{total} tâches, {failing} en échec").format(total=jobs_state.total, failing=len(jobs_state.failing)),
            ),
            tiles.Measure(
                t("Écritures"),
                tag("span", count(state.ledger.entries), class_="figure-number measure-number"),
                t("{count} opérations").format(count=count(state.ledger.transactions)),
            ),
        ]
    )


def _verdict(*, is_good: bool, words: str) -> Markup:
    return chips.chip(GOOD if is_good else BAD, words)


def _rules(examination: Examination) -> Markup:
    if examination.ended_at is None:
        return sentence(t("Les livres n'ont pas encore été examinés. Vérifiez maintenant."), "fact_check")
    return tag("ul", *map(_rule, examination.findings), class_="rules")


def _rule(finding: Finding) -> Markup:
    sign = HOLDS if finding.holds else BROKEN
    state = chips.chip(sign) if finding.holds else chips.chip(sign, f"{t(sign.word)} · {count(finding.count)}")
    line = join(
        icon(sign.icon, class_=f"tone-{sign.tone}"),
        tag("span", t(finding.invariant.title), class_="line-title"),
        tag("span", t("Règle {number}").format(number=finding.invariant.number), class_="caption wide-only"),
        state,
    )
    if finding.holds:
        return tag("li", tag("div", line, class_="rule"))
    rows = (tag("li", tag("code", subject), tag("span", detail)) for subject, detail in finding.violations)
    more = finding.count - len(finding.violations)
    rest = tag("li", t("et {count} autres").format(count=count(more))) if more > 0 else None
    return tag("li", tag("div", line, class_="rule"), tag("ul", *rows, rest, class_="violations"))


def _head(state: Health) -> Markup:
    ledger = state.ledger
    lines = facts.facts(
        [
            (t("Opérations"), count(ledger.transactions)),
            (t("Écritures"), count(ledger.entries)),
            (t("Écritures à sceller"), count(ledger.unsealed)),
            (t("Dernier sceau"), t("n° {number}").format(number=count(ledger.seal)) if ledger.seal else ""),
            (t("Scellé le"), moment(ledger.sealed_at)),
        ]
    )
    return join(lines, copy_field.copy_field(ledger.sha256, label=t("Empreinte du sceau")) if ledger.sha256 else None)


def _database(state: Health) -> Markup:
    database = state.database
    size = f"{decimal(database.size_bytes / MEBIBYTE)}\N{NO-BREAK SPACE}{t('Mio')}"
    used = t("{used} sur {most}").format(used=database.connections, most=database.most_connections)
    return facts.facts(
        [
            (t("PostgreSQL"), database.version.split(" ")[0]),
            (t("Taille"), size),
            (t("Connexions"), used),
            (t("Démarrée le"), moment(database.started_at)),
            (t("Migration"), ", ".join(sorted(database.revisions))),
            (t("Migration attendue"), ", ".join(sorted(database.wanted_revisions))),
        ]
    )


def _tasks(state: Health) -> Markup:
    found = state.jobs
    lines: list[facts.Fact] = [
        (t("Conduites par"), t("un processus") if found.has_leader else t("personne : rien ne s'exécute")),
        (t("Planifiées"), count(found.total)),
        (t("En cours ou demandées"), count(found.running)),
        (t("En échec"), ", ".join(map(t, found.failing)) or t("aucune")),
        (t("Prochaine"), moment(found.next_run_at)),
    ]
    link = tag("a", t("Toutes les tâches"), href="/administration/taches", class_="link")
    return join(facts.facts(lines), link)


async def _draw_differences() -> None:
    """Name the variables that say something else than the accounts they once made; nothing when there is none."""
    found = await shell.read(provider_seeds.list_differences, get_settings())
    if not found:
        return
    with cards.titled(t("Environnement")):
        show(facts.prose(t("Ces variables ne disent plus la même chose que les comptes. Les comptes font foi.")))
        show(facts.facts([(one.variable, t(DIFFERENCES[one.kind]).format(code=one.account_code)) for one in found]))


def _versions() -> list[facts.Fact]:
    libraries: list[facts.Fact] = [(name, version(name.lower())) for name in LIBRARIES]
    return [("Palabre", app.version), ("Python", platform.python_version()), *libraries]
