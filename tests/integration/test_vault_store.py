"""The vault keeps what it is given, gives it back unchanged, and lets go of what it is told to forget."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.vaults import DAY, KEY, a_document, a_vector
from ownhand.adapters import store_history
from ownhand.adapters.store import SqlVault
from ownhand.domain.corpus import Document, Kind, ReplyContext
from ownhand.domain.draft import Audience, Draft
from ownhand.domain.ports import Added, Vault
from ownhand.domain.preference import Dimension, Edit, Evidence, Origin, Preference
from ownhand.errors import BadInput


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "vault"


@pytest.fixture
def vault(folder: Path) -> Iterator[SqlVault]:
    opened = SqlVault.open(folder, KEY, "key file")
    yield opened
    opened.close()


# ------------------------------------------------------------------------------------------------------- history


def test_the_vault_is_what_the_port_asks_for(vault: SqlVault) -> None:
    port: Vault = vault  # mypy checks the signatures
    assert port.sources() == []


def test_a_document_comes_back_as_it_was_given(vault: SqlVault) -> None:
    source = vault.add_source("/mail/sent", "mbox")
    given_document = a_document(
        "Thanks, Dana.\n\nÜber 40 €, zero\0byte and \N{GRINNING FACE}.",
        "Budget",
        recipients=("Dana Li <dana@example.org>", "Bob"),
        reply_to=ReplyContext("Could you look?", "Dana Li"),
        origin="/mail/sent:12",
    )
    vault.add_documents(source.id, [given_document])
    assert vault.document(given_document.id) == given_document
    assert vault.documents() == [given_document]


def test_times_keep_their_moment_whatever_their_zone_and_a_missing_one_stays_missing(vault: SqlVault) -> None:
    source = vault.add_source("/a", "folder")
    abroad = datetime(2026, 1, 1, 1, 0, tzinfo=timezone(timedelta(hours=9)))
    edge = datetime.min.replace(tzinfo=timezone(timedelta(hours=9)))
    dates = {"abroad": abroad, "never": None, "edge": edge, "naive": datetime(2026, 1, 1)}
    vault.add_documents(source.id, [Document(name, Kind.NOTE, name, written_at=at) for name, at in dates.items()])
    stored = {document.id: document.written_at for document in vault.documents()}
    assert stored["abroad"] == abroad
    assert stored["never"] is None
    assert stored["edge"] is not None
    assert stored["naive"] == datetime(2026, 1, 1, tzinfo=UTC)


def test_half_surrogates_from_broken_mail_are_stored_as_replacement_characters(vault: SqlVault) -> None:
    source = vault.add_source("/a", "folder")
    vault.add_documents(source.id, [Document("x", Kind.NOTE, "caf\udce9 \ud83d\ude00", title="\udcff")])
    stored = vault.document("x")
    assert stored is not None
    assert stored.text == "caf\ufffd \N{GRINNING FACE}"
    assert stored.title == "\ufffd"


def test_adding_the_same_documents_again_adds_nothing(vault: SqlVault) -> None:
    source = vault.add_source("/mail", "mbox")
    documents = [a_document(f"message {number}") for number in range(5)]
    assert vault.add_documents(source.id, documents) == Added(5, 0)
    assert vault.add_documents(source.id, [*documents, a_document("new")]) == Added(1, 5)
    assert vault.state().documents == 6
    assert vault.state().passages == 6


def test_the_same_path_is_the_same_source(vault: SqlVault) -> None:
    first = vault.add_source("/mail", "mbox")
    assert vault.add_source("/mail", "mbox").id == first.id
    vault.add_documents(first.id, [a_document("one")])
    assert [(s.path, s.kind, s.documents) for s in vault.sources()] == [("/mail", "mbox", 1)]


def test_files_are_done_only_together_with_their_documents(vault: SqlVault) -> None:
    source = vault.add_source("/mail", "folder")
    vault.add_documents(source.id, [a_document("one")], {"/mail/1.eml": "aa"})
    broken = Document("two", Kind.EMAIL, "two", recipients=(object(),))  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        vault.add_documents(source.id, [a_document("three"), broken], {"/mail/2.eml": "bb"})
    assert vault.imported_files(source.id) == {"/mail/1.eml": "aa"}
    assert vault.state().documents == 1
    vault.add_documents(source.id, [], {"/mail/1.eml": "cc"})
    assert vault.imported_files(source.id) == {"/mail/1.eml": "cc"}


def test_adding_to_a_source_that_was_removed_meanwhile_says_so(vault: SqlVault) -> None:
    source = vault.add_source("/mail", "mbox")
    vault.remove_source(source.id)
    with pytest.raises(BadInput, match="removed while"):
        vault.add_documents(source.id, [a_document("one")])


def test_documents_are_listed_newest_first_in_pages_and_by_source(vault: SqlVault) -> None:
    one, two = vault.add_source("/1", "folder"), vault.add_source("/2", "folder")
    vault.add_documents(one.id, [a_document(f"d{age}", age=age) for age in (3, 0, 2)])
    vault.add_documents(two.id, [a_document("d1", age=1), Document("undated", Kind.NOTE, "undated")])
    assert [d.text for d in vault.documents()] == ["d0", "d1", "d2", "d3", "undated"]
    assert [d.text for d in vault.documents(limit=2, offset=1)] == ["d1", "d2"]
    assert [d.text for d in vault.documents(two.id)] == ["d1", "undated"]


def test_all_documents_and_vectors_can_be_streamed_while_others_write(vault: SqlVault) -> None:
    source = vault.add_source("/1", "folder")
    vault.add_documents(source.id, [a_document(f"text {number}", age=number // 7) for number in range(450)])
    vault.put_vectors({p.id: a_vector(p.id) for p in vault.passages_without_vectors(10_000)})
    seen = []
    for number, document in enumerate(vault.each_document()):
        if number == 250:
            vault.set_setting("written in between", "yes")
        seen.append(document)
    assert len({document.id for document in seen}) == 450
    assert [d.written_at for d in seen] == sorted((d.written_at for d in seen), reverse=True)  # type: ignore[type-var]
    batches = list(vault.each_vector(batch=100))
    assert [len(batch) for batch in batches] == [100, 100, 100, 100, 50]
    pairs = [pair for batch in batches for pair in batch]
    assert all(data == a_vector(number) for number, data in pairs)
    dates = {p.id: p.written_at for p in vault.passages([number for number, _ in pairs])}
    assert [dates[n] for n, _ in pairs] == sorted(dates.values(), reverse=True)  # type: ignore[type-var]


def test_passages_wait_for_vectors_newest_first_and_only_once(vault: SqlVault) -> None:
    source = vault.add_source("/1", "folder")
    vault.add_documents(source.id, [a_document(f"d{age}", "T", age=age, recipients=("x@y.z",)) for age in (2, 0, 1)])
    waiting = vault.passages_without_vectors(2)
    assert [p.text for p in waiting] == ["d0", "d1"]
    assert (waiting[0].title, waiting[0].recipients, waiting[0].written_at) == ("T", ("x@y.z",), DAY)
    vault.put_vectors({waiting[0].id: a_vector(1), 999_999: a_vector(2)})
    assert [p.text for p in vault.passages_without_vectors(9)] == ["d1", "d2"]
    assert vault.state().vectors == 1
    with pytest.raises(ValueError):
        vault.put_vectors({waiting[1].id: b"short"})


def test_vectors_can_be_looked_up_by_passage(vault: SqlVault) -> None:
    vault.add_documents(vault.add_source("/a", "mbox").id, [a_document("one"), a_document("two")])
    first, second = (passage.id for passage in vault.passages_without_vectors(2))
    vault.put_vectors({first: a_vector(1)})
    found = vault.vectors_of([first, second, 999_999])
    assert list(found) == [first]
    assert struct.pack("<384f", *found[first]) == a_vector(1)


def test_passages_come_in_the_order_asked_for_without_those_that_are_gone(vault: SqlVault) -> None:
    source = vault.add_source("/1", "folder")
    vault.add_documents(source.id, [a_document(f"d{age}", age=age) for age in range(1200)])
    ids = [p.id for p in vault.passages_without_vectors(2000)]
    asked = [*reversed(ids), 999_999]
    assert [p.id for p in vault.passages(asked)] == list(reversed(ids))


# -------------------------------------------------------------------------------------------------------- search


def test_search_finds_any_of_the_words_best_first_whatever_case_or_accent(vault: SqlVault) -> None:
    source = vault.add_source("/1", "folder")
    texts = ["The budget review is on Monday.", "Café naïve résumé", "Budget budget budget numbers", "nothing here"]
    vault.add_documents(source.id, [a_document(text) for text in texts])

    def found(*words: str, limit: int = 9) -> list[str]:
        return [p.text for p in vault.passages(vault.match(words, limit))]

    assert found("BUDGET") == [texts[2], texts[0]]
    assert found("budget", limit=1) == [texts[2]]
    assert found("cafe", "resume") == [texts[1]]
    assert set(found("monday", "nothing")) == {texts[0], texts[3]}
    assert found("absent") == []
    assert found() == []


def test_a_rare_word_is_found_among_hundreds_of_others(vault: SqlVault) -> None:
    source = vault.add_source("/1", "folder")
    vault.add_documents(source.id, [a_document(text) for text in ("as it is", "the thermodynamics of tea", "so be it")])
    found = vault.match([*(f"q{number}" for number in range(500)), "thermodynamics", "it"], 5)
    assert [p.text for p in vault.passages(found)] == ["the thermodynamics of tea"]


def test_a_word_in_the_title_counts_too(vault: SqlVault) -> None:
    source = vault.add_source("/1", "folder")
    vault.add_documents(source.id, [a_document("See you there.", "Workshop in Lisbon")])
    assert len(vault.match(["lisbon"], 5)) == 1


def test_a_beginning_finds_the_words_that_begin_so(vault: SqlVault) -> None:
    source = vault.add_source("/1", "folder")
    texts = ["Helen brings the long tables.", "Two tents and a tablecloth.", "A tab key.", "Stables for the horses."]
    vault.add_documents(source.id, [a_document(text) for text in texts])

    def found(words: list[str], beginning: str) -> list[str]:
        return [p.text for p in vault.passages(vault.match(words, 9, beginning))]

    assert set(found([], "tabl")) == {texts[0], texts[1]}
    assert found(["helen"], "TABL")[0] == texts[0]
    assert set(found(["horses"], "tables")) == {texts[0], texts[3]}
    assert found([], "ta") == []  # as a word: what begins with two letters is half of a history
    assert found([], 'tab"le') == found([], "*") == []


def test_where_words_stand_in_many_passages_the_best_are_those_that_ranking_all_would_give(
    vault: SqlVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(7)
    words = [f"w{rank}" for rank in range(400)]
    weights = [1 / (rank + 3) for rank in range(400)]
    source = vault.add_source("/1", "folder")
    vault.add_documents(source.id, [a_document(" ".join(chance.choices(words, weights, k=40))) for _ in range(1500)])
    questions = [sorted(set(chance.choices(words, weights, k=12))) for _ in range(30)]
    ranked = [vault.match(question, 5) for question in questions]
    monkeypatch.setattr(store_history, "_RANKED", 300)  # of 1500, as 6,000 of 30,000
    kept = [
        len(set(vault.match(question, 5)) & set(best)) / 5 for question, best in zip(questions, ranked, strict=True)
    ]
    assert sum(kept) / len(kept) > 0.95


def test_of_a_word_in_too_many_passages_the_latest_are_found(vault: SqlVault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_history, "_RANKED", 10)
    source = vault.add_source("/1", "folder")
    vault.add_documents(source.id, [a_document(f"meeting number{number} at noon") for number in range(50)])
    vault.add_documents(source.id, [a_document(f"nothing{number}") for number in range(5)])
    latest = {f"meeting number{number} at noon" for number in range(40, 50)}
    assert {p.text for p in vault.passages(vault.match(["meeting"], 50))} == latest
    assert {p.text for p in vault.passages(vault.match(["meeting", "noon"], 50))} == latest
    assert [p.text for p in vault.passages(vault.match(["meeting", "number3"], 50))] == ["meeting number3 at noon"]


HOSTILE = [
    '"', '""', "'", "*", "a*", "^a", "a AND", "NEAR(a b)", "title:", "{title}: x", "-a", "a\0b", "\0", "(", ")", "+",
    "a OR OR b", "\ud800", "x" * 100_000, " ", "", "%", ";DROP TABLE passage;--", "\N{GRINNING FACE}", "NOT",
    "ä" * 3000,
]  # fmt: skip


@pytest.mark.parametrize("word", HOSTILE)
def test_no_search_word_is_taken_for_query_syntax(vault: SqlVault, word: str) -> None:
    source = vault.add_source("/1", "folder")
    vault.add_documents(source.id, [a_document("a b x title near not")])
    vault.match([word], 5)
    vault.match([], 5, word)
    assert len(vault.match([word, "near"], 5)) == 1
    assert len(vault.match(["near"], 5, word)) == 1


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(st.text(st.characters(), max_size=8), max_size=400))
def test_no_search_words_at_all_raise(vault: SqlVault, words: list[str]) -> None:
    assert vault.match(words, 3) == []


_TEXTS = ["alpha beta", "beta gamma\n\n" + "long " * 200, "gamma delta", "alpha", "epsilon", ""]
_STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "forget", "remove"]), st.integers(0, 5), st.integers(0, 1)), max_size=25
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_STEPS)
def test_search_always_agrees_with_the_documents_that_are_there(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int]]
) -> None:
    vault = SqlVault.open(tmp_path_factory.mktemp("v"), KEY, "key file")
    held: dict[int, set[int]] = {0: set(), 1: set()}
    forgotten: dict[int, set[int]] = {0: set(), 1: set()}
    try:
        for verb, which, place in steps:
            source = vault.add_source(f"/{place}", "folder")
            document = a_document(_TEXTS[which], age=which)
            if verb == "add":
                vault.add_documents(source.id, [document])
                if which not in forgotten[place]:
                    held[place].add(which)
            elif verb == "forget":
                vault.forget_document(document.id)
                for some, gone in zip(held.values(), forgotten.values(), strict=True):
                    gone |= some & {which}
                    some.discard(which)
            else:
                vault.remove_source(source.id)
                held[place], forgotten[place] = set(), set()
        there = held[0] | held[1]
        assert {d.text for d in vault.documents()} == {_TEXTS[which] for which in there}
        for word in ("alpha", "beta", "gamma", "delta", "epsilon", "long"):
            found = {p.document_id for p in vault.passages(vault.match([word], 99))}
            assert found == {a_document(_TEXTS[w]).id for w in there if word in _TEXTS[w].split()}
        with vault._file.write() as db:
            db.execute("INSERT INTO passage_index(passage_index, rank) VALUES('integrity-check', 1)")
    finally:
        vault.close()


# ------------------------------------------------------------------------------------------------------ forgetting


def test_removing_a_source_takes_everything_derived_from_it_and_nothing_else(vault: SqlVault) -> None:
    one, two = vault.add_source("/1", "folder"), vault.add_source("/2", "folder")
    vault.add_documents(one.id, [a_document("only here"), a_document("shared words")], {"/1/a": "aa"})
    vault.add_documents(two.id, [a_document("shared words"), a_document("elsewhere")])
    ids = {p.text: p.id for p in vault.passages_without_vectors(9)}
    vault.put_vectors({number: a_vector(1) for number in ids.values()})
    assert vault.remove_source(one.id) == [ids["only here"]]
    assert [s.id for s in vault.sources()] == [two.id]
    assert vault.imported_files(one.id) == {}
    assert vault.match(["only"], 5) == []
    assert vault.match(["shared"], 5) == [ids["shared words"]]
    state = vault.state()
    assert (state.documents, state.passages, state.vectors) == (2, 2, 2)
    assert vault.remove_source(two.id) == sorted([ids["shared words"], ids["elsewhere"]])
    assert vault.remove_source(two.id) == []


def test_a_passage_id_is_never_given_twice(vault: SqlVault) -> None:
    source = vault.add_source("/1", "folder")
    vault.add_documents(source.id, [a_document("one")])
    gone = vault.remove_source(source.id)
    vault.add_documents(vault.add_source("/1", "folder").id, [a_document("two")])
    assert vault.passages_without_vectors(9)[0].id not in gone


def test_a_forgotten_document_stays_forgotten_when_its_mailbox_is_read_again(vault: SqlVault) -> None:
    source = vault.add_source("/mail", "mbox")
    regretted = a_document("I regret this")
    vault.add_documents(source.id, [regretted, a_document("fine")])
    assert len(vault.forget_document(regretted.id)) == 1
    assert vault.forget_document(regretted.id) == []
    assert vault.add_documents(source.id, [regretted, a_document("fine")]) == Added(0, 2)
    assert vault.document(regretted.id) is None
    vault.remove_source(source.id)  # a new start with this source is a new start
    again = vault.add_source("/mail", "mbox")
    assert vault.add_documents(again.id, [regretted]) == Added(1, 0)


# ------------------------------------------------------------------------------------------------ drafts, learning


def test_drafts_come_back_exactly_latest_first(vault: SqlVault) -> None:
    first = Draft("1", Kind.NOTE, " text \n\n", "s", ("a@b.c",), "work", ReplyContext("q", "Dana"), 5, DAY)
    second = Draft("2", updated_at=DAY + timedelta(seconds=1), reply_to=ReplyContext(""))
    vault.save_draft(first)
    vault.save_draft(second)
    assert vault.draft("1") == first
    assert vault.drafts() == [second, first]
    changed = Draft("1", text="changed", updated_at=DAY + timedelta(seconds=2))
    vault.save_draft(changed)
    assert vault.drafts() == [changed, second]
    vault.delete_draft("1")
    vault.delete_draft("1")
    assert vault.draft("1") is None
    vault.save_draft(Draft("3"))
    assert vault.drafts()[0].updated_at is not None


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(st.characters(exclude_categories=["Cs"])), subject=st.text(st.characters(exclude_categories=["Cs"]))
)
def test_a_draft_is_stored_to_the_last_character(vault: SqlVault, text: str, subject: str) -> None:
    draft = Draft("d", text=text, subject=subject, recipients=(subject, text), updated_at=DAY)
    vault.save_draft(draft)
    assert vault.draft("d") == draft


def test_edits_keep_their_evidence_and_vectors_and_go_with_them(vault: SqlVault) -> None:
    edit = Edit("e1", "Dear Dana", "Hi Dana", "reply", "work", "Budget", ("dana@x.org",), DAY)
    later = Edit("e2", "a", "b", at=DAY + timedelta(hours=1))
    evidence = [
        Evidence("e1", Dimension.GREETING, "Hi {name},", "Dear {name},", audience="work", weight=0.5),
        Evidence("e1", Dimension.WORD_CHOICE, "use", None, "utilize"),
    ]
    vault.add_edit(edit, evidence, a_vector(0.5))
    vault.add_edit(later, [])
    assert vault.edits() == [later, edit]
    assert vault.edits(limit=1) == [later]
    assert vault.evidence() == evidence
    assert vault.edit_vectors() == {"e1": a_vector(0.5)}
    vault.add_edit(edit, evidence[:1])
    assert vault.evidence() == evidence[:1], "the same edit again replaces its evidence"
    assert vault.situations_without_vector() == {"e1": "Budget"}
    vault.save_edit_vectors({"e1": a_vector(0.25), "gone": a_vector(0.5)})
    assert vault.edit_vectors() == {"e1": a_vector(0.25)}
    assert vault.situations_without_vector() == {}
    vault.save_preference(Preference("p", Dimension.GREETING, "Hi {name},"))
    vault.forget_learning()
    assert (vault.edits(), vault.evidence(), vault.preferences(), vault.edit_vectors()) == ([], [], [], {})


def test_preferences_come_back_as_saved_and_keep_their_place(vault: SqlVault) -> None:
    stated = Preference(
        "p1", Dimension.STOCK_PHRASE, "", "I hope this finds you well", "work", Origin.STATED, False, 2.5, 1.0,
        ("e1", "e2"), DAY, "Never hope that anything finds anybody well.",
    )  # fmt: skip
    vault.save_preference(stated)
    vault.save_preference(Preference("p2", Dimension.EMOJI, "avoid"))
    assert vault.preferences()[0] == stated
    vault.save_preference(Preference("p1", Dimension.STOCK_PHRASE, "x"))
    assert [(p.id, p.value) for p in vault.preferences()] == [("p1", "x"), ("p2", "avoid")]
    vault.delete_preference("p1")
    assert [p.id for p in vault.preferences()] == ["p2"]


def test_audiences_and_settings_are_kept_changed_and_removed(vault: SqlVault) -> None:
    work = Audience("work", "Work", ("dana@x.org",), ("x.org",))
    vault.save_audience(work)
    vault.save_audience(Audience("friends", "Friends"))
    assert vault.audiences()[0] == work
    vault.save_audience(Audience("work", "Office"))
    assert [a.name for a in vault.audiences()] == ["Office", "Friends"]
    vault.delete_audience("work")
    assert [a.id for a in vault.audiences()] == ["friends"]
    assert vault.setting("theme") is None
    vault.set_setting("theme", "dark")
    vault.set_setting("theme", "light")
    assert vault.setting("theme") == "light"
    vault.set_setting("theme", None)
    assert vault.setting("theme") is None
