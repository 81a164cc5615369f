from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from ownhand import paths
from ownhand.domain import english
from ownhand.domain.corpus import Document, Kind
from ownhand.domain.measuring import StyleProfile, add, measure, remove

ENGLISH = english.parse((paths.resources_dir() / "english.tsv").read_text("utf-8"))
PIECES = st.sampled_from(
    "Hi Dana,|\n\n|I don't know what to say.|It is one of the best!|- one|- two|:-) 🙂|see www.x.org|Thanks,\nJo|"
    "THAT is it...  And so on -- I think; perhaps|colour, color, and more|i".split("|")
)
TEXTS = st.one_of(st.lists(PIECES, max_size=10).map(" ".join), st.text(max_size=80))
DOCUMENTS = st.lists(
    st.builds(
        Document,
        st.uuids().map(str),
        st.sampled_from(Kind),
        TEXTS,
        recipients=st.sampled_from([(), ("Dana Li <d@example.org>",)]),
    ),
    max_size=6,
)


def counted(profile: StyleProfile) -> dict[str, dict[str, dict[str, int]]]:
    audiences = {
        name: {part: dict(counter) for part, counter in counts.parts().items() if counter}
        for name, counts in profile.audiences.items()
    }
    return {name: parts for name, parts in audiences.items() if parts}


@settings(max_examples=60, deadline=None)
@given(DOCUMENTS, DOCUMENTS)
def test_whatever_is_taken_out_again_leaves_no_trace(kept: Sequence[Document], forgotten: Sequence[Document]) -> None:
    profile = measure(kept, english=ENGLISH)
    for document in forgotten:
        add(profile, document, "friends")
    for document in reversed(forgotten):
        remove(profile, document, "friends")
    assert counted(profile) == counted(measure(kept, english=ENGLISH))
