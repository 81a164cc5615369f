from ownhand.domain.authorship import machine_made, own_words
from ownhand.domain.preference import Edit

SUGGESTED = "Hi Dana,\n\nThe kiln will be ready on Friday. I would be happy to help you. Ask me.\n\nBest"
KEPT = "Hi Dana,\n\nThe kiln will be ready on Friday. I'll gladly help. Ask me.\n\nBest"


def test_what_was_accepted_unchanged_is_the_machines_and_what_was_changed_the_persons() -> None:
    machine = machine_made([Edit("e", SUGGESTED, KEPT)])
    text = "Dear Lee,\n\nThe kiln will be ready on Friday. I'll gladly help. See you then at the usual place.\n\nBest"
    assert "kiln" not in own_words(text, machine)
    assert "I'll gladly help. See you then at the usual place." in own_words(text, machine)
    assert own_words(text, machine, "[…]").count("[…]") == 1


def test_the_persons_own_notes_stay_theirs_although_a_suggestion_repeats_them() -> None:
    edit = Edit("e", SUGGESTED, KEPT, context="the kiln will be ready on Friday")
    assert machine_made([edit]) == frozenset()


def test_what_a_rewriting_left_as_the_person_wrote_it_stays_theirs() -> None:
    edit = Edit("e", SUGGESTED, SUGGESTED, "fix", context=SUGGESTED.replace("would be happy", "be happy"))
    assert own_words(SUGGESTED, machine_made([edit]), "[…]") == SUGGESTED.replace(
        "I would be happy to help you.", "[…]"
    )


def test_of_a_message_that_was_accepted_as_it_was_nothing_is_left() -> None:
    machine = machine_made([Edit("e", SUGGESTED, SUGGESTED)])
    assert own_words(SUGGESTED, machine) == ""
    assert own_words("Ask me.", machine) == "Ask me."
