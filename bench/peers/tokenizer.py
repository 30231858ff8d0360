"""Byte-level BPE on a text file; one line of JSON on stdout.

    .venv-peers/bin/python bench/peers/tokenizer.py --impl hf --corpus TEXT --vocab 8192 [--save tokenizer.json]
    .venv-peers/bin/python bench/peers/tokenizer.py --impl hf --corpus TEXT --load tokenizer.json
    .venv-peers/bin/python bench/peers/tokenizer.py --impl tiktoken --corpus TEXT --load tokenizer.json

hf = Hugging Face tokenizers: trains on the text by lines (as neomesh does) unless --load, then encodes and decodes. tiktoken cannot train: it
takes the merges of a tokenizer.json (GPT-2 splitting, one special token, <|endoftext|>). Give the --load file to both
and to neomesh and all three must make the same tokens (equal `tokens` and `checksum`).
Documents: the text is cut after the first line end that comes 4096 or more characters behind the start of a document.
checksum: over the concatenated ids, c = (31 c + id + 1) mod 2^32.
"""
import peers_common as common
import io
import json
import os
import time

ap = common.parser(__doc__)
ap.add_argument("--impl", required=True, choices=["hf", "tiktoken"])
ap.add_argument("--corpus", required=True, help="UTF-8 text")
ap.add_argument("--mb", type=float, help="use the first so many million characters only")
ap.add_argument("--vocab", type=int, default=8192)
ap.add_argument("--load", help="a tokenizer.json to use")
ap.add_argument("--save", help="where to write the trained tokenizer.json")
ap.add_argument("--runs", type=int, default=3)
args = common.begin(ap)
if args.impl == "tiktoken" and not args.load:
    ap.error("tiktoken needs --load")
END = "<|endoftext|>"

with open(args.corpus, encoding="utf-8", newline="") as f:
    text = f.read(int(args.mb * 1e6) if args.mb else -1)
size = len(text.encode())
documents, at = [], 0
while at < len(text):
    end = text.find("\n", at + 4096) + 1 or len(text)
    documents.append(text[at:end])
    at = end


def checksum(all_ids):
    c = 0
    for ids in all_ids:
        for i in ids:
            c = 31 * c + i + 1 & 0xFFFFFFFF
    return c


def rank_table(path):
    """tokenizer.json -> bytes of each token -> id, in order of merging (the ids of a trained vocabulary rise so)."""
    with open(path, encoding="utf-8") as f:
        model = json.load(f)["model"]
    shown = [b for b in range(256) if 33 <= b <= 126 or 161 <= b <= 172 or 174 <= b <= 255]
    byte = {chr(b): b for b in shown}
    byte |= {chr(256 + i): b for i, b in enumerate(b for b in range(256) if b not in shown)}
    return {bytes(byte[c] for c in token): i for token, i in model["vocab"].items() if token != END}, model["vocab"]


train = {}
if args.impl == "hf":
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    if args.load:
        tok = Tokenizer.from_file(args.load)
    else:
        tok = Tokenizer(models.BPE())
        tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tok.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(vocab_size=args.vocab, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
                                      special_tokens=[END], show_progress=False)
        a = time.perf_counter()
        tok.train_from_iterator(io.StringIO(text), trainer)  # its lines
        train = dict(train_s=round(time.perf_counter() - a, 3))
        if args.save:
            tok.save(args.save)
    vocab = tok.get_vocab_size()
    encode = lambda: [e.ids for e in tok.encode_batch_fast(documents, add_special_tokens=False)]
    decode = lambda ids: tok.decode_batch(ids, skip_special_tokens=False)
else:
    import tiktoken
    ranks, table = rank_table(args.load)
    vocab = len(table)
    tok = tiktoken.Encoding("loaded", mergeable_ranks=ranks, special_tokens={END: table[END]} if END in table else {},
                            pat_str=r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s")
    encode = lambda: tok.encode_ordinary_batch(documents, num_threads=args.threads)
    decode = lambda ids: tok.decode_batch(ids, num_threads=args.threads)

first, clock, back = common.Clock(), common.Clock(), common.Clock()
ids = first.time(encode)
for _ in range(args.runs):
    clock.time(encode)
round_trip = back.time(lambda: decode(ids)) == documents
common.emit(args, impl=args.impl, corpus=os.path.basename(args.corpus), bytes=size, documents=len(documents), vocab=vocab,
            **train, encode_ms=clock.ms, first_encode_ms=first.ms[0], decode_ms=back.ms[0], cpu_ms=clock.cpu_ms,
            others_cores=clock.others, tokens=sum(map(len, ids)), checksum=checksum(ids), round_trip=round_trip,
            versions=common.versions("tokenizers" if args.impl == "hf" else "tiktoken"))
