"""One question about the rules of the CIU, one answer, in JSON: what `./dev ciu eval` speaks and the vectors check."""

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any

from core import clock
from providers.messaging.signatures import is_meta_signed, is_twilio_signed
from reports.ciu.suppression import suppress
from services.ciu import codes, folding, identities, matching, random_codes, salts, words
from services.ciu.answers import Answer, AnswerRefusedError, canonical_unchecked, hashed_answers, read_answer
from services.ciu.answers import sample_question as question_of
from services.ciu.recipes import SHIPPED, Kind, Recipe, parse_recipe, shipped

Request = Mapping[str, Any]
Result = dict[str, Any]

_KEY_ID = re.compile(r"key=([^,\s]+)")


def answer(request: Request) -> Result:
    """Return what the production code says to `{"op": …}`; a request nobody understands gets `{"error": sentence}`."""
    try:
        return OPERATIONS[request["op"]](request)
    except (KeyError, TypeError, ValueError, LookupError) as error:
        return {"error": f"{type(error).__name__}: {error}"}


def _code(request: Request) -> Result:
    recipe = _recipe(request["recipe"])
    year = request.get("year") or clock.now().year
    answers: list[Answer] = []
    for question, typed in zip(recipe.questions, request["answers"], strict=True):
        try:
            canonical = (
                read_answer(question, typed, year, answers, recipe.max_unknown)
                if request.get("validate", True)
                else canonical_unchecked(question, typed, year)
            )
        except AnswerRefusedError as refused:
            return {"error": {"question": question.id, "code": refused.code}}
        answers.append(Answer(typed, canonical))
    found = [one.canonical for one in answers]
    code = codes.build_code(
        recipe, found, request.get("salt") or "", suffix=request.get("n"), ordinal=request.get("ordinal") or 1
    )
    hashed = codes.input_hash(hashed_answers(recipe, answers))
    return {"code": code.text, "canonical": found, "digest": code.digest, "input_hash": hashed}


def _recipe(recipe: Any) -> Recipe:
    return shipped(recipe) if isinstance(recipe, str) else parse_recipe(recipe)


def _validate(request: Request) -> Result:
    year = request.get("year") or clock.now().year
    try:
        return {"result": read_answer(question_of(Kind(request["kind"])), request["answer"], year)}
    except AnswerRefusedError as refused:
        return {"error": refused.code}


def _normalise(request: Request) -> Result:
    modes = {"name": folding.fold_name, "place": folding.fold_place, "strict_v1": folding.strict_v1}
    return {"result": modes[request["mode"]](request["text"])}


def _match(request: Request) -> Result:
    key = bytes.fromhex(request["key_hex"])
    return {"digest": matching.match_digest(key, request["space"], request["canonical"]).hex()}


def _near(request: Request) -> Result:
    recipe, canonical = _recipe_of_space(request), request["canonical"]
    digests = matching.near_digests(bytes.fromhex(request["key_hex"]), recipe, request["space"], canonical)
    heard = matching.sounding(recipe, canonical)
    return {"phonetic": heard, "digests": {label: digest.hex() for label, digest in digests.items()}}


def _recipe_of_space(request: Request) -> Recipe:
    """Return the recipe whose answers a space compares."""
    if "recipe" in request:
        return _recipe(request["recipe"])
    canon = request["space"].partition(":")[2]
    return next(recipe for recipe in map(shipped, SHIPPED) if recipe.canon == canon)


def _phonetic(request: Request) -> Result:
    heard = folding.phonetic(folding.fold_place(request["text"]))
    return {"result": heard, "phonetic": heard}


def _random_check(request: Request) -> Result:
    symbols = request["symbols"]
    check = random_codes.check_symbol(symbols)
    is_usable = random_codes.is_usable(symbols)
    return {
        "value": str(random_codes.value_of(symbols)),
        "check": check,
        "usable": is_usable,
        "display": codes.build_code(_drawn(), _NOBODY, "", symbols=symbols).text if is_usable else None,
    }


def _random_parse(request: Request) -> Result:
    return {"canonical": codes.read_code(_drawn(), request["text"])}


def _drawn() -> Recipe:
    return shipped("random")


_NOBODY = ("",) * 5


def _suppress(request: Request) -> Result:
    shown = suppress(request["cells"])
    return {"shown": list(shown.cells), "total_shown": shown.total}


def _identity(request: Request) -> Result:
    found = identities.read_identity(request["from"])
    return {name: getattr(found, name, None) for name in ("kind", "value", "send_to")}


def _command(request: Request) -> Result:
    return {"command": words.find_command(request["text"], request["question_kind"])}


def _twilio(request: Request) -> Result:
    settings = request.get("settings") or ""
    key_id = _KEY_ID.search(settings)
    form = request["form"]
    is_valid = is_twilio_signed(
        tokens=[request["token"]],
        urls=[request["url"]],
        content=form if isinstance(form, str) else [(name, value) for name, value in form],
        signature=request["signature"],
        settings=settings,
        shared_keys={key_id[1]: request["token"]} if key_id else {},
    )
    return {"valid": is_valid}


def _meta(request: Request) -> Result:
    body = base64.b64decode(request["body_base64"], validate=True)
    return {"valid": is_meta_signed([request["secret"]], body, request["header"] or "")}


def _salt(request: Request) -> Result:
    fault = salts.find_salt_fault(request["salt"], request["environment"])
    if fault is None:
        return {"ok": True}
    return {"ok": True, "warning": True} if fault.is_warning else {"ok": False, "rule": fault.rule}


OPERATIONS: dict[str, Callable[[Request], Result]] = {
    "code": _code,
    "validate": _validate,
    "normalise": _normalise,
    "match": _match,
    "near": _near,
    "phonetic": _phonetic,
    "random_check": _random_check,
    "random_parse": _random_parse,
    "suppress": _suppress,
    "identity": _identity,
    "command": _command,
    "twilio": _twilio,
    "meta": _meta,
    "salt": _salt,
}
