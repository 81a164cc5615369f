"""What a GGUF file does when asked: rules obeyed in letters from notes, sentences put right, notes written out, and
loops in plain continuations.

`python -m recipe.behaviour FILE.gguf --text SHARD --held-out TEXTS` prints all figures.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

from llama_cpp import Llama

from recipe.examples import voice
from recipe.examples.noise import Mistakes, expanded, telegraphed
from recipe.examples.stock import gather
from recipe.examples.tasks import IDENTITY, Examples
from recipe.tokens import lines


def obeys(rule: str, text: str, name: str) -> bool | None:
    """Whether a letter keeps a rule; None where no program can tell."""
    quoted = re.search(r'"(.+)"', rule)
    words = quoted[1].replace("\\n", "\n") if quoted else ""
    flat = " ".join(text.split())
    if rule.startswith("Greet"):
        return text.startswith(re.sub(r"<name>|\[name\]", name, words))
    if rule.startswith("Sign off"):
        return flat.endswith(" ".join(words.split()))
    if rule.startswith(("First sentence", "End the body", "Add a ")):
        return (words or rule.split()[2]) in flat
    if rule.startswith("Do not write "):
        return (words or "please").lower() not in text.lower()
    if rule.startswith(("Keep it under", "At most")) and rule.endswith("words"):
        return len(text.split()) <= int(re.search(r"\d+", rule)[0])  # type: ignore[index]
    tests = {
        "No exclamation marks": "!" not in text,
        "Do not use contractions": expanded(text) == text,
        "All lowercase": text == text.lower(),
        "Use bullet points": "\n- " in text,
        "No bullet points": "\n- " not in text,
        "Do not use em dashes": "—" not in text,
        "No emojis": not re.search(r"[\U0001F300-\U0001FAFF]", text),
    }
    return tests.get(rule)


def rule_prompts(examples: Examples, count: int) -> list[tuple[str, str, list[str], str]]:
    """(system, request, rules, recipient) of letters whose rules can all be checked, three to six each."""
    made: list[tuple[str, str, list[str], str]] = []
    while len(made) < count:
        author = voice.a_voice(examples.world)
        name = examples.world.first_name()
        content = examples.content(examples.chance.randint(1, 3))
        text = voice.letter(content.sentences(author.register), author, name, examples.chance)
        told = [rule for rule in voice.rules(author, text, examples.world) if obeys(rule, text, name)]
        frame = [rule for rule in told if rule.startswith(("Greet", "Sign off"))]
        rest = [rule for rule in told if rule not in frame]
        rules = [*frame, *rest[: max(0, examples.chance.randint(3, 6) - len(frame))]]
        if len(rules) < 3:
            continue
        system = IDENTITY + "\n\nStyle rules:\n" + "\n".join(f"- {rule}" for rule in rules)
        notes = "\n".join(f"- {note}" for note in content.notes)
        made.append((system, f"Write an email to {name} from these notes:\n\n{notes}", rules, name))
    return made


def rules_obeyed(llama: Llama, prompts: Sequence[tuple[str, str, list[str], str]]) -> tuple[float, float, Counter[str]]:
    """Share of single rules obeyed, share of letters that obey all of theirs, and the rules broken."""
    obeyed = total = whole = 0
    broken: Counter[str] = Counter()
    for system, request, rules, name in prompts:
        turns = [{"role": "system", "content": system}, {"role": "user", "content": request}]
        answer = llama.create_chat_completion(turns, temperature=0.0, repeat_penalty=1.05, max_tokens=160)
        text = answer["choices"][0]["message"]["content"].strip()
        results = [obeys(rule, text, name) for rule in rules]
        obeyed += sum(result is True for result in results)
        total += len(results)
        whole += all(results)
        broken.update(rule.split('"')[0] for rule, result in zip(rules, results, strict=True) if not result)
    return obeyed / total, whole / len(prompts), broken


def _asked(llama: Llama, request: str) -> str:
    """The answer to a request as the program makes it, greedy."""
    turns = [{"role": "system", "content": IDENTITY}, {"role": "user", "content": request}]
    answer = llama.create_chat_completion(turns, temperature=0.0, repeat_penalty=1.05, max_tokens=100)
    return " ".join(str(answer["choices"][0]["message"]["content"]).split())


def content_words(text: str) -> list[str]:
    """Words of four letters or more, capitalized ones and numbers: what must not be lost."""
    return re.findall(r"[A-Z]\w*|\w*\d\w*|\w{4,}", text)


def kept(source: Sequence[str], answer: str) -> float:
    """Share of words that an answer has, whatever their capitals."""
    have = {word.lower() for word in re.findall(r"\w+", answer)}
    return sum(word.lower() in have for word in source) / max(1, len(source))


def held_out_sentences(texts: Path, chance: Random, count: int) -> list[str]:
    """Single sentences of six to twenty-five words from text that no model read, as many of each kind."""
    kinds = json.loads("".join(lines(texts)))
    found: list[str] = []
    for kind in ("books", "docs", "talk", "web"):
        stock = gather([json.dumps([kind, text]) for text in kinds[kind]] * 8, chance, 100_000)
        whole = sorted({text for text in stock.every if 6 <= len(text.split()) <= 25})
        found += chance.sample(whole, min(len(whole), count // 4))
    return found


def sentences_fixed(llama: Llama, sentences: Sequence[str], chance: Random) -> dict[str, float]:
    """Of sentences with mistakes: content words of the right ones kept, in all and by what was asked itself, and
    sentences exactly right; of the same without any: those that came back as they were.
    """
    mistakes = Mistakes(chance)
    words = given = right = same = 0.0
    for sentence in sentences:
        wrong = mistakes.in_text(sentence, chance.choice((0.05, 0.15, 0.3)))
        answer = _asked(llama, f"Fix the grammar and spelling:\n\n{wrong}")
        words += kept(content_words(sentence), answer)
        given += kept(content_words(sentence), wrong)
        right += answer == sentence
        same += _asked(llama, f"Fix the grammar and spelling:\n\n{sentence}") == sentence
    count = len(sentences)
    return {
        "words kept": round(words / count, 4),
        "words kept by the question": round(given / count, 4),
        "exactly right": round(right / count, 4),
        "right ones left alone": round(same / count, 4),
    }


def notes_expanded(llama: Llama, examples: Examples, sentences: Sequence[str]) -> dict[str, float]:
    """Of notes from held-out sentences and jotted ones: content words kept, and made up (in neither note nor model
    answer), for each note.
    """
    chance = examples.chance
    pairs = [(telegraphed(sentence, chance), sentence) for sentence in sentences]
    for _ in sentences:
        note, _, said = examples.jotted_point()
        pairs.append((note, said["M"]))
    held = made_up = 0.0
    for note, sentence in pairs:
        answer = _asked(llama, f"Expand these notes into full sentences:\n\n- {note}")
        held += kept(content_words(note), answer)
        known = note + " " + sentence
        made_up += sum(kept([word], known) == 0 for word in content_words(answer))
    return {"words kept": round(held / len(pairs), 4), "words made up": round(made_up / len(pairs), 4)}


def loops(llama: Llama, beginnings: Sequence[str]) -> int:
    """How many continuations of 60 tokens, sampled as the program does, say a run of four words three times."""
    count = 0
    for seed, text in enumerate(beginnings):
        written = llama.create_completion(
            text, max_tokens=60, temperature=0.6, top_k=40, top_p=0.9, min_p=0.05, repeat_penalty=1.15, seed=seed
        )["choices"][0]["text"]
        words = re.findall(r"\w+", written.lower())
        runs = Counter(tuple(words[i : i + 4]) for i in range(len(words) - 3))
        count += bool(runs) and max(runs.values()) >= 3
    return count


def main() -> None:
    """Print the figures of one file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--text", type=Path, required=True, help="a shard of [kind, text] lines")
    parser.add_argument("--held-out", type=Path, required=True, help="held-out texts by kind")
    parser.add_argument("--count", type=int, default=200)
    options = parser.parse_args()
    chance = Random(2_026)
    shard = [line for number, line in zip(range(3000), lines(options.text), strict=False) if number >= 2000]
    examples = Examples(chance, gather(shard, chance, 3000))
    llama = Llama(str(options.model), n_ctx=1024, n_threads=1, n_threads_batch=1, verbose=False)
    share, whole, broken = rules_obeyed(llama, rule_prompts(examples, options.count))
    figures = {
        "rules obeyed": round(share, 4),
        "letters with all rules": round(whole, 4),
        "broken": broken.most_common(8),
    }
    print(json.dumps(figures), flush=True)
    held_out = held_out_sentences(options.held_out, Random(11), options.count)
    print(json.dumps({"fix": sentences_fixed(llama, held_out, Random(12))}), flush=True)
    noted = Examples(Random(13), gather(shard, Random(13), 3000))
    print(json.dumps({"notes": notes_expanded(llama, noted, held_out[::4])}), flush=True)
    begun = [" ".join(chance.choice(examples.stock.passages)[0].split()[:6]) for _ in range(options.count)]
    print(json.dumps({"loops": loops(llama, begun), "of": options.count}), flush=True)


if __name__ == "__main__":
    main()
