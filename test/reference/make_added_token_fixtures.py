"""Records what Hugging Face makes of added tokens with flags, and of the files that name tokens beside a tokenizer:
test/fixtures/tokenizer/added-tokens.json.

    python -m venv VENV && VENV/bin/pip install transformers==5.24.0 tokenizers==0.23.3
    VENV/bin/python test/reference/make_added_token_fixtures.py
"""
import json
import pathlib
import random
import shutil
import tempfile

import transformers
from tokenizers import Tokenizer

FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "fixtures/tokenizer"
GOLDEN = json.loads((FIXTURES / "golden/tokenizer.json").read_text(encoding="utf-8"))
FLAGS = ["single_word", "lstrip", "rstrip", "normalized", "special"]
CONTENTS = ["<|user|>", "<mask>", "<|user", "user|>", "the", "he", " t", "[PAD]", "\n\n", "é", "fox jumps"]
GLUE = ["", " ", "  ", "\n", "\u00a0", "a", "é", "_", "7", ".", " the", "quick ", "🙂", "\u3000", "x\t"]


def text(draw, contents):
    return "".join(draw.choice(GLUE) + draw.choice(contents) for _ in range(draw.randint(1, 9))) + draw.choice(GLUE)


def flagged(count=60):
    draw = random.Random(5)
    cases = []
    for _ in range(count):
        contents = draw.sample(CONTENTS, draw.randint(1, 5))
        added = [dict(GOLDEN["added_tokens"][0])]
        vocabulary = GOLDEN["model"]["vocab"]
        following = len(vocabulary)
        for content in contents:
            flags = {flag: draw.random() < 0.4 for flag in FLAGS}
            added.append(dict(id=vocabulary.get(content, following), content=content, **flags))
            following += content not in vocabulary
        tokenizer = Tokenizer.from_str(json.dumps({**GOLDEN, "added_tokens": added}))
        texts = [text(draw, contents + ["<|endoftext|>"]) for _ in range(8)]
        cases.append(dict(addedTokens=added, texts=texts, ids=[tokenizer.encode(one).ids for one in texts]))
    return cases


def word(**flags):
    return {**dict(content="", lstrip=False, rstrip=False, single_word=False, normalized=False, special=True), **flags}


FOLDERS = [
    {"added_tokens.json": {"[PAD]": 400, "[SEP]": 401}},
    {"added_tokens.json": {"<|user|>": 401, "[PAD]": 400}, "special_tokens_map.json": {"pad_token": "[PAD]"}},
    {"special_tokens_map.json": {"pad_token": "[PAD]", "additional_special_tokens": ["<|a|>", "<|b|>"]}},
    {"special_tokens_map.json": {"mask_token": word(content="<mask>", lstrip=True), "eos_token": "<|endoftext|>"}},
    {"tokenizer_config.json": {"pad_token": "<pad>", "eos_token": "<|endoftext|>"}},
    {"tokenizer_config.json": {"added_tokens_decoder": {
        "0": word(content="<|endoftext|>"), "400": word(content="[PAD]"),
        "401": word(content="the", special=False, single_word=True)}, "pad_token": "[PAD]"}},
    {"tokenizer_config.json": {"added_tokens_decoder": {"400": word(content="<mask>", lstrip=True, rstrip=True)}},
     "added_tokens.json": {"[SEP]": 400}},
    {"tokenizer_config.json": {"unk_token": None, "bos_token": "!"}},
]


def folders():
    texts = ["hello[PAD]the <mask> end[SEP]<pad>", "one <|a|><|b|> two<|user|>the\n", "then the the! <mask>\n<|endoftext|>"]
    cases = []
    for files in FOLDERS:
        for kind in (["vocab.json", "merges.txt"], ["tokenizer.json"]):
            with tempfile.TemporaryDirectory() as folder:
                for name in kind:
                    shutil.copy(FIXTURES / "golden" / name, folder)
                config = dict(files.get("tokenizer_config.json", {}))
                config.setdefault("tokenizer_class", "GPT2Tokenizer")
                written = {**files, "tokenizer_config.json": config}
                for name, content in written.items():
                    (pathlib.Path(folder) / name).write_text(json.dumps(content), encoding="utf-8")
                (pathlib.Path(folder) / "config.json").write_text('{"model_type": "gpt2"}')
                tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
                cases.append(dict(base=kind, files=written, texts=texts, ids=[tokenizer.encode(one) for one in texts]))
    return cases


if __name__ == "__main__":
    cases = dict(transformers=transformers.__version__, flagged=flagged(), folders=folders())
    path = FIXTURES / "added-tokens.json"
    path.write_text(json.dumps(cases, ensure_ascii=False, separators=(",", ":")).replace('{"addedTokens"', '\n{"addedTokens"')
                    .replace('{"base"', '\n{"base"') + "\n", encoding="utf-8")
