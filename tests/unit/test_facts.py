from ownhand.adapters.spelling import English
from ownhand.domain.facts import compare


def test_the_same_fact_in_another_form_is_kept() -> None:
    source = "We meet on March 3rd at 3pm, three of us, for $5,000; see https://example.org/a/ or write a@example.org."
    output = (
        "On 3 March at 3:00 p.m. the 3 of us meet about 5000 dollars (example: https://example.org/a, a@example.org)."
    )
    found = compare(source, output)
    assert found.dropped == ()
    assert found.added == ()
    assert "3:00 p.m." in found.kept


def test_dropped_and_invented_facts_are_named_as_they_stand() -> None:
    found = compare("Tell Dana that NASA pays $40 on Friday.", "Tell Dana that NASA pays $45 on Monday, says Robert.")
    assert set(found.dropped) == {"$40", "Friday"}
    assert set(found.added) == {"$45", "Monday", "Robert"}


def test_what_is_allowed_is_not_invented() -> None:
    assert compare("Send the plan.", "Hi Dana,\n\nI will send the plan to Robert.", allowed="Robert Dana").added == ()


def test_a_made_up_name_is_told_from_a_word_where_a_sentence_begins_with_it() -> None:
    english = English()

    def added(text: str) -> tuple[str, ...]:
        return compare("We meet on Monday.", text, "Priya", lambda word: english.frequency(word) > 0).added

    assert added("We meet on Monday. Kayley will bring the plans.") == ("Kayley",)
    assert added("Oyelaran's plans are ready. Priya agreed to them.") == ("Oyelaran",)
    assert (
        added("However it goes, we meet. Doesn't that suit you? Prioritised work comes first. Well-known rules.") == ()
    )


def test_a_month_that_gets_its_capital_is_not_made_up() -> None:
    assert compare("a trip to italy in june", "A trip to Italy in June.").safe
    assert compare("a trip to italy in june", "A trip to Italy in July.").added == ("July",)
