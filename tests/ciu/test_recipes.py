"""Recipes on an installation: an operator writes, an administrator publishes, conversations end where they began."""

from typing import Any

import pytest

from core.database import fetch_all
from core.errors import Forbidden, WrongState
from core.permissions import Actor, Grant, Role, Scope
from models.ciu_recipes import RecipeState
from services.ciu import editing, shipped
from services.ciu.recipes import Kind, Question, Recipe
from services.ciu.store import recipe_reads, recipes, settings
from services.ciu.store.recipe_reads import RecipeLine
from services.ciu.store.recipes import (
    BeginDraft,
    DiscardRecipe,
    PublishedRecipe,
    PublishRecipe,
    RecipeChanged,
    RecipeFaulty,
    RecipeShipped,
    RecipeWeak,
    RollBackRecipe,
    SavedRecipe,
    SaveRecipe,
)
from services.ciu.store.settings import CreateProgramme
from tests.builders import people
from tests.ciu.clinic import KABILA, Clinic

ASKED = {
    "fr": "Dans quelle commune habitez-vous ? Exemple : Gombe",
    "en": "Which commune do you live in? Example: Gombe",
    "ln": "Ofandi na komini nini? Ndakisa: Gombe",
}


class Desk:
    """An operator and an administrator at one programme."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic = clinic
        self.operator = self._actor("awa@palabre.example", Grant(Scope.CIU, Role.OPERATEUR))
        self.chief = self._actor("chef@palabre.example", Grant(Scope.PLATFORM, Role.ADMIN))

    def _actor(self, email: str, grant: Grant) -> Actor:
        return people.actor(people.person(self.clinic.database, email), grant)

    def run(self, verb: Any, actor: Actor, *arguments: Any) -> Any:
        with self.clinic.database.transaction() as session:
            return verb(session, actor, *arguments)

    def lines(self, programme: str = "ciu") -> list[RecipeLine]:
        return list(self.run(recipe_reads.list_recipes, self.operator, programme))

    def line(self, key: str, version: int = 1) -> RecipeLine:
        return next(one for one in self.lines() if (one.key, one.version) == (key, version))

    def copy(self, key: str = "document", version: int = 1) -> SavedRecipe:
        made: SavedRecipe = self.run(
            recipes.begin_draft, self.operator, BeginDraft(recipe_id=self.line(key, version).id)
        )
        return made

    def body(self, draft: SavedRecipe) -> Recipe:
        found: Recipe = self.run(recipe_reads.get_body, self.operator, draft.id)
        return found

    def save(self, draft: SavedRecipe, recipe: Recipe) -> SavedRecipe:
        order = SaveRecipe(recipe_id=draft.id, checksum=draft.checksum, body=recipe.model_dump(mode="json"))
        saved: SavedRecipe = self.run(recipes.save_recipe, self.operator, order)
        return saved

    def publish(self, draft: SavedRecipe, **more: Any) -> PublishedRecipe:
        order = PublishRecipe(recipe_id=draft.id, checksum=draft.checksum, **more)
        done: PublishedRecipe = self.run(recipes.publish_recipe, self.chief, order)
        return done

    def with_commune(self) -> SavedRecipe:
        draft = self.copy()
        question = Question(id="commune", kind=Kind.PLACE, unknown=True)
        return self.save(draft, editing.add_question(self.body(draft), question, ASKED))

    def acts(self) -> list[str]:
        query = "select action from audit_entry where action like 'ciu_recipe%%' order by created_at, id"
        with self.clinic.database.transaction() as session:
            return [row["action"] for row in fetch_all(session, query)]


@pytest.fixture
def desk(clinic: Clinic) -> Desk:
    return Desk(clinic)


def test_the_shipped_recipes_stand_there_and_one_is_in_force(desk: Desk) -> None:
    found = {line.key: line for line in desk.lines()}
    assert set(found) == {"document", "document-v1", "compact", "random"}
    assert [line.key for line in found.values() if line.state == RecipeState.PUBLISHED] == ["document"]
    assert found["compact"].is_weak
    assert (found["document"].questions, found["random"].readable_share) == (5, 0.0)
    assert all(line.faults == 0 and line.is_shipped for line in found.values())


def test_a_shipped_recipe_is_copied_never_changed(desk: Desk) -> None:
    ready = desk.line("random")
    order = SaveRecipe(recipe_id=ready.id, checksum=ready.checksum, body={})
    with pytest.raises(RecipeShipped):
        desk.run(recipes.save_recipe, desk.operator, order)
    with pytest.raises(RecipeShipped):
        desk.run(recipes.discard_recipe, desk.operator, DiscardRecipe(recipe_id=ready.id, checksum=ready.checksum))
    draft = desk.copy("random")
    assert (draft.key, draft.version, draft.state, draft.canon) == ("random", 2, "draft", "document.1")
    assert desk.copy("random").version == 3


def test_an_open_conversation_ends_on_its_version_and_the_next_begins_on_the_new_one(desk: Desk) -> None:
    clinic, other = desk.clinic, "+243810000002"
    for word in ("Bonjour", *KABILA[:3]):
        clinic.say(word)
    published = desk.publish(desk.with_commune())
    assert published.breaks_matching
    clinic.say("15")
    assert "1985" in clinic.say("Kabila")
    assert "985-KINS-15-JEA-KABI-" in clinic.say("1")
    assert clinic.say("Mbote", other).splitlines()[-1].startswith("1/6 ")
    for word in KABILA:
        asked = clinic.say(word, other)
    assert asked.splitlines()[-1] == f"6/6 {ASKED['ln']}"
    clinic.say("Gombe", other)
    assert "985-KINS-15-JEA-KABI-" in clinic.say("1", other)
    assert clinic.number("select count(*) from uic_records") == 2
    lines = {line.version: line for line in desk.lines() if line.key == "document"}
    assert [(lines[number].state, lines[number].records) for number in (1, 2)] == [("retired", 1), ("published", 1)]


def test_a_rollback_is_one_step_and_finds_people_again(desk: Desk) -> None:
    before = desk.clinic.code()
    desk.publish(desk.with_commune())
    old = desk.line("document", 1)
    done = desk.run(recipes.roll_back_recipe, desk.chief, RollBackRecipe(recipe_id=old.id, reason="trop long"))
    assert (done.recipe.version, done.recipe.state, done.breaks_matching) == (1, "published", True)
    assert before in desk.clinic.tell()
    assert desk.clinic.number("select count(*) from ciu_recipe where state = 'published'") == 1
    told = desk.run(recipe_reads.list_publications, desk.operator, "ciu")
    assert [(one.recipe, one.replaced, one.is_back, one.has_new_canon) for one in told] == [
        ("document 1", "document 2", True, True),
        ("document 2", "document 1", False, True),
    ]
    with pytest.raises(WrongState):
        desk.run(recipes.roll_back_recipe, desk.chief, RollBackRecipe(recipe_id=old.id))


def test_other_texts_keep_the_canon_and_the_code(desk: Desk) -> None:
    before = desk.clinic.code()
    draft = desk.copy()
    saved = desk.save(draft, editing.put_text(desk.body(draft), "fr", "ok", "Compris."))
    assert saved.canon == "document.1"
    assert not desk.publish(saved).breaks_matching
    assert "Compris." in desk.clinic.say("RESTART") + desk.clinic.say("1985")
    assert before in desk.clinic.tell()


def test_the_canon_follows_from_the_questions(desk: Desk) -> None:
    first = desk.with_commune()
    assert first.canon == "document.2"
    again = desk.save(first, editing.put_text(desk.body(first), "fr", "ok", "Oui."))
    assert again.canon == "document.2"
    back = desk.save(again, editing.remove_question(desk.body(again), "commune"))
    assert back.canon == "document.1"
    typed = desk.body(back).model_dump(mode="json") | {"canon": "document.9", "version": 7, "key": "other"}
    kept = desk.run(
        recipes.save_recipe, desk.operator, SaveRecipe(recipe_id=back.id, checksum=back.checksum, body=typed)
    )
    assert (kept.canon, kept.version, kept.key) == ("document.1", 2, "document")
    moved = desk.copy()
    moved = desk.save(moved, editing.move_question(desk.body(moved), "birth_day", -1))
    other = desk.copy()
    other = desk.save(other, editing.move_question(desk.body(other), "birth_year", 1))
    assert {moved.canon, other.canon} == {"document.2", "document.3"}
    drawn = desk.copy("random")
    assert desk.save(drawn, editing.remove_question(desk.body(drawn), "birth_day")).canon == "random.1"


def test_nobodys_edit_is_lost(desk: Desk) -> None:
    draft = desk.copy()
    mine, theirs = (editing.put_text(desk.body(draft), "fr", "ok", word) for word in ("Un.", "Deux."))
    desk.save(draft, mine)
    with pytest.raises(RecipeChanged):
        desk.save(draft, theirs)
    assert desk.body(draft).texts["fr"]["ok"] == "Un."


def test_faults_are_kept_but_not_published(desk: Desk) -> None:
    draft = desk.copy()
    saved = desk.save(draft, editing.put_text(desk.body(draft), "ln", "help", ""))
    assert [(fault.rule, fault.place) for fault in saved.findings] == [("missing_text", "ln.help")]
    with pytest.raises(RecipeFaulty) as refused:
        desk.publish(saved)
    assert refused.value.data["errors"] == 1
    assert desk.line("document", 1).state == RecipeState.PUBLISHED


def test_a_weak_recipe_needs_a_name_that_takes_the_risk(desk: Desk) -> None:
    draft = desk.copy("compact")
    hidden = desk.save(draft, desk.body(draft).model_copy(update={"weak": False}))
    assert desk.body(hidden).weak
    with pytest.raises(RecipeWeak):
        desk.publish(hidden)
    desk.publish(hidden, accepts_weak=True)
    entry = desk.clinic.rows("select actor_id, changes from audit_entry where action = 'ciu_recipe.publish'")[0]
    assert (entry["actor_id"], entry["changes"]["accepts_weak"]) == (desk.chief.user_id, True)
    stronger = desk.copy("compact", 2)
    layout = [*desk.body(stronger).layout, shipped("document").layout[-1]]
    assert not desk.body(desk.save(stronger, editing.put_layout(desk.body(stronger), layout))).weak


def test_what_is_published_never_changes(desk: Desk) -> None:
    saved = desk.with_commune()
    desk.publish(saved)
    for verb, order in (
        (recipes.save_recipe, SaveRecipe(recipe_id=saved.id, checksum=saved.checksum, body={})),
        (recipes.discard_recipe, DiscardRecipe(recipe_id=saved.id, checksum=saved.checksum)),
    ):
        with pytest.raises(WrongState):
            desk.run(verb, desk.operator, order)
    assert desk.acts() == ["ciu_recipe.begin", "ciu_recipe.save", "ciu_recipe.publish"]


def test_a_draft_may_be_thrown_away(desk: Desk) -> None:
    draft = desk.copy()
    desk.run(recipes.discard_recipe, desk.operator, DiscardRecipe(recipe_id=draft.id, checksum=draft.checksum))
    assert [line.version for line in desk.lines() if line.key == "document"] == [1]
    assert desk.acts() == ["ciu_recipe.begin", "ciu_recipe.discard"]


def test_an_operator_writes_and_does_not_publish_a_reader_does_neither(desk: Desk) -> None:
    draft = desk.copy()
    order = PublishRecipe(recipe_id=draft.id, checksum=draft.checksum)
    with pytest.raises(Forbidden):
        desk.run(recipes.publish_recipe, desk.operator, order)
    with pytest.raises(Forbidden):
        desk.run(recipes.roll_back_recipe, desk.operator, RollBackRecipe(recipe_id=draft.id))
    reader = people.actor(desk.operator.user_id, Grant(Scope.CIU, Role.LECTEUR))
    with pytest.raises(Forbidden):
        desk.run(recipes.begin_draft, reader, BeginDraft(recipe_id=draft.id))
    with pytest.raises(Forbidden):
        desk.run(recipe_reads.list_recipes, reader, "ciu")


def test_each_programme_has_recipes_of_its_own(desk: Desk) -> None:
    order = CreateProgramme(code="vih-kin", name="VIH Kinshasa")
    desk.run(settings.create_programme, desk.chief, order)
    desk.publish(desk.with_commune())
    lines = desk.lines("vih-kin")
    assert [line.key for line in lines if line.state == RecipeState.PUBLISHED] == ["random"]
    assert {line.version for line in lines} == {1}
