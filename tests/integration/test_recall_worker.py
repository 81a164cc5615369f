"""The recall worker, with the real embedder and the real chroma in a real child process."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from ownhand.adapters.worker.recall import DIMENSIONS, RecallClient
from ownhand.domain.ports import Recall
from ownhand.errors import BadInput, Cancelled, WorkerError

MESSAGES = [
    "The budget for next quarter has to be approved by Friday.",
    "My cat refuses to eat the new food we bought.",
    "Could you send me the train times to Lisbon?",
    "Thanks for dinner, we had a lovely evening with your family.",
    "The server crashed again last night and nobody was on call.",
]
PARAPHRASES = [
    "We need sign-off on the finances of the coming three months before the weekend.",
    "Our kitten does not like its new kibble.",
    "When do the railway connections to Portugal's capital leave?",
    "It was so nice to eat with you and your parents yesterday.",
    "There was an outage in the night without any engineer on duty.",
]
PATIENCE_S = 120.0


@pytest.fixture(scope="module")
def shared() -> Iterator[RecallClient]:
    """One process for all tests of this file: importing torch takes seconds."""
    client = RecallClient()
    yield client
    client.close()


@pytest.fixture
def recall(shared: RecallClient) -> Iterator[RecallClient]:
    yield shared
    for name in shared.describe()["collections"]:
        shared.drop(name)


def random_vectors(count: int, seed: int) -> list[bytes]:
    rows = np.random.default_rng(seed).standard_normal((count, DIMENSIONS)).astype("<f4")
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return [row.tobytes() for row in rows]


def until_indexed(recall: RecallClient, collection: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not recall.describe()["collections"][collection]["indexed"]:
        assert time.monotonic() < end, "chroma did not finish building"
        time.sleep(0.02)


def test_the_client_is_what_the_port_asks_for(recall: RecallClient) -> None:
    port: Recall = recall  # mypy checks the signatures
    assert port.embed([]) == []


def test_the_nearest_passage_is_the_paraphrase_by_scan_and_by_chroma_alike(recall: RecallClient) -> None:
    ids = [100 + number for number in range(len(MESSAGES))]
    recall.add("history", ids, recall.embed(MESSAGES))
    by_scan = [recall.query("history", text, 2) for text in PARAPHRASES]
    until_indexed(recall, "history")
    by_chroma = [recall.query("history", text, 2) for text in PARAPHRASES]
    for found in (by_scan, by_chroma):
        assert [hits[0][0] for hits in found] == ids
        assert all(hits[0][1] > hits[1][1] for hits in found)
    assert np.allclose([h[1] for hits in by_scan for h in hits], [h[1] for hits in by_chroma for h in hits], atol=1e-4)


def test_vectors_have_384_numbers_and_unit_length_and_come_in_the_order_of_the_texts(recall: RecallClient) -> None:
    texts = ["short", MESSAGES[0] * 30, "", "\N{GRINNING FACE} \0", MESSAGES[1], *MESSAGES * 3]
    vectors = recall.embed(texts)
    assert [len(vector) for vector in vectors] == [4 * DIMENSIONS] * len(texts)
    rows = np.array([np.frombuffer(vector, "<f4") for vector in vectors])
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    for place in (0, 1, 4, 7):
        alone = np.frombuffer(recall.embed([texts[place]])[0], "<f4")
        assert float(alone @ rows[place]) > 0.999


def test_scan_and_chroma_agree_on_the_best_of_hundreds_of_vectors(recall: RecallClient) -> None:
    vectors = random_vectors(400, seed=1)
    recall.add("random", range(400), vectors)
    until_indexed(recall, "random")
    probes = random_vectors(40, seed=2)
    exact = [recall.nearest("random", probe, 1, exact=True)[0] for probe in probes]
    indexed = [recall.nearest("random", probe, 1)[0] for probe in probes]
    assert [number for number, _ in indexed] == [number for number, _ in exact]
    assert np.allclose([cosine for _, cosine in indexed], [cosine for _, cosine in exact], atol=1e-4)
    rows = np.array([np.frombuffer(vector, "<f4") for vector in vectors])
    truth = [int(np.argmax(rows @ np.frombuffer(probe, "<f4"))) for probe in probes]
    assert [number for number, _ in exact] == truth


@pytest.mark.parametrize("indexed", [False, True])
def test_what_was_removed_is_not_found_and_what_was_replaced_is_found_as_new(
    recall: RecallClient, indexed: bool
) -> None:
    vectors = random_vectors(30, seed=3)
    recall.add("c", range(30), vectors)
    if indexed:
        until_indexed(recall, "c")
    recall.remove("c", [7, 29, 555])
    recall.add("c", [3], [vectors[7]])
    if indexed:
        until_indexed(recall, "c")
    assert 29 not in [number for number, _ in recall.nearest("c", vectors[29], 5)]  # few enough for chroma to answer
    found = recall.nearest("c", vectors[7], 50)
    assert len(found) == 28
    assert found[0][0] == 3
    assert {number for number, _ in found} == set(range(30)) - {7, 29}
    assert recall.describe()["collections"]["c"]["vectors"] == 28


def test_collections_do_not_mix_and_a_dropped_one_is_empty_and_can_begin_again(recall: RecallClient) -> None:
    one, two = random_vectors(5, seed=4), random_vectors(5, seed=5)
    recall.add("one", range(5), one)
    recall.add("two", range(10, 15), two)
    until_indexed(recall, "one")
    until_indexed(recall, "two")
    assert {number for number, _ in recall.nearest("one", two[0], 9)} == set(range(5))
    recall.drop("one")
    assert recall.nearest("one", one[0], 9) == []
    assert recall.query("one", "anything", 9) == []
    assert len(recall.nearest("two", two[0], 9)) == 5
    recall.add("one", [77], [one[1]])
    until_indexed(recall, "one")
    assert [number for number, _ in recall.nearest("one", one[0], 1)] == [77]
    recall.drop("never there")


def test_more_can_be_asked_for_than_there_is_and_nothing_too(recall: RecallClient) -> None:
    vectors = random_vectors(3, seed=6)
    recall.add("c", [1, 2, 3], vectors)
    assert len(recall.nearest("c", vectors[0], 1000)) == 3
    assert recall.nearest("c", vectors[0], 0) == []
    recall.remove("c", [1, 2, 3])
    assert recall.query("c", "text", 5) == []


def test_of_an_id_that_is_given_twice_the_last_vector_stays(recall: RecallClient) -> None:
    vectors = random_vectors(2, seed=7)
    recall.add("c", [1, 1], vectors)
    until_indexed(recall, "c")
    found = recall.nearest("c", vectors[1], 5)
    assert [number for number, _ in found] == [1]
    assert found[0][1] > 0.999


def test_large_additions_go_in_slices(recall: RecallClient) -> None:
    vectors = random_vectors(4500, seed=8)
    recall.add("large", range(4500), vectors)
    assert [recall.nearest("large", vectors[n], 1)[0][0] for n in (0, 2000, 4499)] == [0, 2000, 4499]
    assert recall.describe()["collections"]["large"]["vectors"] == 4500


def test_chroma_takes_nothing_in_while_questions_are_asked(recall: RecallClient) -> None:
    vectors = random_vectors(1200, seed=8)
    recall.add("loads chroma", [1], vectors[:1])
    until_indexed(recall, "loads chroma")
    recall.add("c", range(1200), vectors)
    for number in range(20):  # it would stand after half a second
        assert recall.nearest("c", vectors[number], 1)[0][0] == number
        time.sleep(0.1)
    assert not recall.describe()["collections"]["c"]["indexed"]
    until_indexed(recall, "c")


def test_vectors_of_texts_come_in_their_order_and_are_nearest_to_what_means_the_same(recall: RecallClient) -> None:
    vectors = np.frombuffer(b"".join(recall.embed(MESSAGES)), "<f4").reshape(-1, DIMENSIONS)
    cosines = vectors @ np.frombuffer(recall.meaning(PARAPHRASES[2]), "<f4")
    assert int(np.argmax(cosines)) == 2
    assert all(-1.001 <= cosine <= 1.001 for cosine in cosines)


def test_vectors_of_a_wrong_size_or_without_meaning_are_refused_plainly(recall: RecallClient) -> None:
    with pytest.raises(BadInput, match="384"):
        recall.add("c", [1], [b"\0" * 4 * 100])
    with pytest.raises(BadInput, match="damaged"):
        recall.add("c", [1], [np.full(DIMENSIONS, np.nan, "<f4").tobytes()])
    with pytest.raises(ValueError):
        recall.add("c", [1, 2], random_vectors(1, seed=1))
    assert recall.query("c", "text", 5) == []


def test_a_question_is_asked_without_waiting_and_replaced_by_the_next_of_its_kind(recall: RecallClient) -> None:
    recall.add("c", [1], recall.embed(["hello"]))
    working = threading.Thread(target=recall.embed, args=([f"A long text, number {n}. " * 40 for n in range(8)],))
    working.start()
    time.sleep(0.05)
    began = time.monotonic()
    answers = [recall.ask("c", "hello", 1, "typed") for _ in range(3)]
    plain = recall.ask("c", "hello", 1)
    assert time.monotonic() - began < 0.05
    assert [number for number, _ in answers[2]()] == [number for number, _ in plain()] == [1]
    for replaced in answers[:2]:
        with pytest.raises(Cancelled):
            replaced()
    working.join()


def test_a_query_does_not_wait_for_a_long_embedding_to_end(recall: RecallClient) -> None:
    recall.add("c", [1], recall.embed(["hello"]))
    ended: list[str] = []

    def embed_much() -> None:
        recall.embed([f"A long text about many things, number {number}. " * 12 for number in range(48)])
        ended.append("embedding")

    working = threading.Thread(target=embed_much)
    working.start()
    time.sleep(0.2)
    recall.query("c", "hello", 1)
    ended.append("query")
    working.join()
    assert ended == ["query", "embedding"]


def test_the_worker_cannot_reach_the_network(recall: RecallClient) -> None:
    probed = recall.worker.call("probe")
    ways = probed["tried"] if recall.worker.protection["kernel_filter"] else {"python tcp", "python udp", "python dns"}
    assert all(probed["tried"][way] for way in ways)


def test_nothing_heavy_is_imported_in_the_windows_process() -> None:
    import subprocess

    script = (
        "import sys\nfrom ownhand.adapters.worker.recall import RecallClient\nRecallClient().close()\n"
        "print([m for m in ('numpy', 'torch', 'chromadb', 'sentence_transformers') if m in sys.modules])\n"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
def test_after_the_worker_was_killed_it_asks_for_the_vectors_and_finds_again() -> None:
    refilled = threading.Event()
    client = RecallClient()
    stored: dict[int, bytes] = {}

    def refill() -> None:
        client.add("history", list(stored), list(stored.values()))
        refilled.set()

    client.on_respawn = refill
    try:
        stored.update(zip([5, 6], random_vectors(2, seed=9), strict=True))
        client.add("history", list(stored), list(stored.values()))
        assert not refilled.is_set(), "the first start is no respawn"
        pid = client.worker.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        end = time.monotonic() + PATIENCE_S
        while not refilled.is_set():
            assert time.monotonic() < end
            try:
                client.nearest("history", stored[6], 1)  # whoever asks next starts the new process
            except WorkerError:
                continue  # this request was open, or came, when the process died
            refilled.wait(1)
        assert [number for number, _ in client.nearest("history", stored[6], 1)] == [6]
        assert client.worker.pid != pid
    finally:
        client.close()
