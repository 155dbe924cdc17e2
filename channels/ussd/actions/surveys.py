"""Surveys on a phone: which there are, one begun, each answer kept. The screens come from the flow `survey:{code}`."""

from uuid import UUID

from channels.actions import Action, ActionContext, Effect, Inputs, Outcome, Value, by_name
from channels.dialogue import FlowDefectError
from channels.ussd.actions.shared import own_phone
from services import surveys
from services.surveys import BeginRun, KeepAnswer

# In the session's scratch, which is wiped with its end: nothing that stays leads from a number to an anonymous run.
RUN = "survey_run"

CODE, ANSWER = Value("text", 20), Value("text", 160)


def _open(context: ActionContext, _inputs: Inputs) -> Outcome:
    """Find what may be asked; one that was answered already is offered only when there is no other."""
    found = surveys.list_open(context.session, own_phone(context))
    waiting = [survey for survey in found if not survey.is_answered] or found[:1]
    if len(waiting) > 1:
        return Outcome("many")
    return Outcome("one", {"survey": waiting[0].code}) if waiting else Outcome("none")


def _rows(context: ActionContext, _inputs: Inputs) -> Outcome:
    found = surveys.list_open(context.session, own_phone(context))
    return Outcome("ok", rows=tuple({"code": each.code, "name": each.name} for each in found if not each.is_answered))


def _begin(context: ActionContext, inputs: Inputs) -> Outcome:
    order = BeginRun(
        code=inputs["survey"],
        phone=own_phone(context),
        language=context.dialogue.language or context.caller.language or "fr",
        timezone=context.timezone,
    )
    begun = surveys.begin_run(context.session, order)
    if begun.run_id is not None:
        context.dialogue.scratch[RUN] = str(begun.run_id)
    return Outcome(begun.verdict, {"at": begun.at_question, "answer": None})


def _keep(context: ActionContext, inputs: Inputs) -> Outcome:
    run_id = context.dialogue.scratch.get(RUN)
    if run_id is None:
        raise FlowDefectError("an answer without a survey begun")
    order = KeepAnswer(
        run_id=UUID(run_id), question=inputs["question"], answer=str(inputs["answer"]), next=inputs["next"]
    )
    is_kept = surveys.keep_answer(context.session, order)
    # The answer lives in its own table: the session's row does not keep a copy beside a number.
    return Outcome("ok" if is_kept else "invalid", {"answer": None})


ACTIONS = by_name(
    Action(
        "surveys.open",
        frozenset({"none", "one", "many"}),
        Effect.READ,
        outputs={"survey": CODE},
        run=_open,
    ),
    Action("surveys.rows", frozenset({"ok"}), Effect.READ, row={"code": CODE, "name": Value("text", 20)}, run=_rows),
    Action(
        "surveys.begin",
        frozenset({"ok", "again", "closed"}),
        Effect.WRITE,
        inputs={"survey": CODE},
        outputs={"at": CODE, "answer": ANSWER},
        run=_begin,
    ),
    Action(
        "surveys.keep",
        frozenset({"ok", "invalid"}),
        Effect.WRITE,
        inputs={"question": CODE, "answer": ANSWER, "next": CODE},
        outputs={"answer": ANSWER},
        run=_keep,
    ),
)
