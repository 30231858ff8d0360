"""Makes test/fixtures/convert/hugging-face/: tiny GPT-Neo folders with random weights, saved by transformers.

    .venv-peers/bin/python test/reference/make_hf_folder.py

Made with Python 3.11.7, torch 2.15.0 (CPU), transformers 5.23.0, safetensors 0.8.0. The weights come from NumPy's PCG64
with a fixed seed: the same on every machine; the logits may differ in the last bits elsewhere.

single/          model.safetensors, as save_pretrained writes it
sharded/         the same weights in shards of 20 kB, and what older versions kept too: attn.attention.bias (U8 masks),
                 masked_bias, lm_head.weight (wte once more)
logits.safetensors   ids [2, n_ctx] int32 and the model's logits [2, n_ctx, n_vocab]

    .venv-peers/bin/python test/reference/make_hf_folder.py --shape 125m DIR

makes DIR/model/ and DIR/logits.safetensors at the shape of the released 125M model (500 MB; not a fixture): its logits
for one text of 256 ids, and `greedy`: the 64 ids that follow its first 32.
"""
import argparse
import os
import pathlib

os.environ.setdefault("HF_HUB_OFFLINE", "1")
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from transformers import GPTNeoConfig, GPTNeoForCausalLM

OUT = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "convert" / "hugging-face"
TINY = dict(vocab_size=61, max_position_embeddings=24, hidden_size=20, num_layers=3, num_heads=4, window_size=7,
            attention_types=[[["global", "local"], 1], [["local"], 1]], bos_token_id=0, eos_token_id=0)
RELEASED_125M = dict(vocab_size=50257, max_position_embeddings=2048, hidden_size=768, num_layers=12, num_heads=12,
                     window_size=256, attention_types=[[["global", "local"], 6]])


@torch.no_grad()
def make(config, seed, lively):
    """Random weights in which no bias is zero and no norm is the identity.

    lively: attention is far from uniform, so that mistakes show. Twelve such layers amplify rounding: at the 125M shape
    transformers' own float32 logits are then 6e-3 off its float64 ones. Otherwise kernels have transformers' scale.
    """
    model = GPTNeoForCausalLM(GPTNeoConfig(**config)).float().eval()
    rng = np.random.default_rng(seed)
    for name, p in model.named_parameters():
        x = rng.standard_normal(tuple(p.shape), dtype=np.float32)
        if name.endswith("weight") and p.ndim == 1:
            x = 1 + (0.2 if lively else 0.02) * x
        elif name.endswith("bias") or "wte" in name or "wpe" in name:
            x = (0.1 if lively else 0.02) * x
        elif lively:
            x = x * (1.5 if "q_proj" in name else 1.0) * p.shape[1] ** -0.5
        else:
            x = 0.02 * x
        p.copy_(torch.from_numpy(x))
    return model


@torch.no_grad()
def save_logits(model, path, rows, length, greedy=0):
    c = model.config
    ids = torch.from_numpy(np.random.default_rng(7).integers(0, c.vocab_size, (rows, length)))
    out = {"ids": ids.int(), "logits": model(ids).logits.float().contiguous()}
    if greedy:
        made = model.generate(ids[:1, :32], max_new_tokens=greedy, do_sample=False, eos_token_id=None, pad_token_id=0)
        out["greedy"] = made[0, 32:].int().contiguous()
    save_file(out, path)


def add_leftovers(folder):
    """What older versions of transformers and the first converters saved as well, into the shards that are there."""
    import json
    index = json.loads((folder / "model.safetensors.index.json").read_text())
    n = TINY["max_position_embeddings"]
    mask = torch.tril(torch.ones(n, n, dtype=torch.uint8)).view(1, 1, n, n)
    wte = load_file(folder / index["weight_map"]["transformer.wte.weight"])["transformer.wte.weight"]
    extra = {"lm_head.weight": wte.clone()}
    for layer in range(TINY["num_layers"]):
        extra[f"transformer.h.{layer}.attn.attention.bias"] = mask.clone()
        extra[f"transformer.h.{layer}.attn.attention.masked_bias"] = torch.tensor(-1e9)
    file = sorted(set(index["weight_map"].values()))[-1]
    save_file(load_file(folder / file) | extra, folder / file, metadata={"format": "pt"})
    index["weight_map"] |= {name: file for name in extra}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--shape", choices=["tiny", "125m"], default="tiny")
    parser.add_argument("folder", nargs="?", type=pathlib.Path, default=OUT)
    arguments = parser.parse_args()
    folder = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    if arguments.shape == "125m":
        model = make(RELEASED_125M, 11, lively=False)
        model.save_pretrained(folder / "model")
        save_logits(model, folder / "logits.safetensors", 1, 256, greedy=64)
    else:
        model = make(TINY, 11, lively=True)
        model.save_pretrained(folder / "single")
        model.save_pretrained(folder / "sharded", max_shard_size="20KB")
        add_leftovers(folder / "sharded")
        save_logits(model, folder / "logits.safetensors", 2, TINY["max_position_embeddings"])
