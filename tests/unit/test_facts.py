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
