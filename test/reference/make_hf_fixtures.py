"""Makes test/fixtures/reference/hf_tiny*.{safetensors,json}: a tiny GPT-Neo trained by transformers and torch.

    .venv-peers/bin/python test/reference/make_hf_fixtures.py

Made with Python 3.11.7, torch 2.15.0 (CPU, one thread), transformers 5.23.0, numpy 2.4.6, safetensors 0.8.0. The
weights and tokens come from NumPy's PCG64 with fixed seeds: the same on every machine. The rest is float32
arithmetic of torch: run again elsewhere it may differ in the last bits.

hf_tiny: AdamW (bias-corrected), constant rate, no clipping. Tensors (float32, C order, GPT-Neo names and layouts):
    tokens [10, 2, n_ctx+1] int32       step i reads tokens[i, :, :-1] and predicts tokens[i, :, 1:]
    init/VAR                            weights before step 0
    logits [2, n_ctx, n_vocab]          of batch 0 with the init weights
    loss_per_token [2, n_ctx]           likewise: plain cross entropy
    grad/VAR                            of the mean loss of batch 0 at the init weights
    step1/VAR, step10/VAR               weights after 1 and 10 steps
hf_tiny_schedule: from the same init and tokens (not repeated there); warm-up and cosine by GPT-Neo's formula, clipping
at 1.0, a larger rate. Tensors: step10/VAR only.

JSON: config (GPT-Neo keys; z_loss is 0), optimizer (what torch did, with the exact list of decayed variables),
loss, learning_rate and grad_norm (before clipping) for each of the 10 steps, loss_after: batch 0 again after step 10.
"""
import json
import math
import os
import platform

import numpy as np
import safetensors
import torch
import transformers
from safetensors.numpy import save

import hf_model

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "..", "fixtures", "reference")
STEPS, BATCH = 10, 2
CONFIG = {
    "n_vocab": 97, "n_ctx": 48, "n_embd": 20, "n_head": 4, "n_layer": 3,
    "attention_types": [[["global", "local"], 1], [["local"], 1]], "local_attention_radius": 7,
    "activation_fn": "gelu", "embed_dropout": 0, "attn_dropout": 0, "res_dropout": 0,
    "scale_by_depth": True, "scale_by_in": False, "precision": "float32", "recompute_grad": False, "z_loss": 0,
    "opt_name": "adam", "beta1": 0.9, "beta2": 0.95, "epsilon": 1e-8, "weight_decay": 0.1,
    "train_batch_size": BATCH, "eval_batch_size": BATCH, "predict_batch_size": 1, "iterations": 1,
    "eval_steps": 0, "predict_steps": 0, "eos_id": 0, "padding_id": 0, "mesh_shape": "x:1", "layout": "",
}
CASES = {
    # gradient_clipping: the original needs a number, and one that no norm reaches changes nothing
    "hf_tiny": dict(lr=1e-3, lr_decay="constant", warmup_steps=0, train_steps=10, gradient_clipping=1e9),
    "hf_tiny_schedule": dict(lr=5e-3, lr_decay="cosine", warmup_steps=3, train_steps=12, gradient_clipping=1.0),
}


def make_init():
    """Lively: attention is far from uniform, no bias is zero, no norm is the identity."""
    rng = np.random.default_rng(20260101)
    c, out = CONFIG, {}
    D, d = c["n_embd"], c["n_embd"] // c["n_head"]
    for name in hf_model.names(c["n_layer"]):
        leaf = name.split("/", 2)[-1] if "/h" in name else name
        shape = {"gpt2/wte": (c["n_vocab"], D), "gpt2/wpe": (c["n_ctx"], D), "mlp/conv1d_main/c_fc/kernel": (D, 4 * D),
                 "mlp/conv1d_main/c_fc/bias": (4 * D,), "mlp/conv1d_main/c_proj/kernel": (4 * D, D)}.get(
                     leaf, (D, D) if leaf in ("attn/q", "attn/k", "attn/v", "attn/o") else (D,))
        std = {"gpt2/wte": 0.4, "gpt2/wpe": 0.3, "attn/q": 1.5 * (D * d) ** -0.5}.get(
            leaf, shape[0] ** -0.5 if len(shape) == 2 else 0.2)
        out[name] = (rng.standard_normal(shape) * std + (1.0 if name.endswith("/g") else 0.0)).astype(np.float32)
    return out


def make_tokens():
    """Low ids more often, and each token often repeats what stood 3 before, so that there is something to learn."""
    rng = np.random.default_rng(20260102)
    t = np.floor(CONFIG["n_vocab"] * rng.random((STEPS, BATCH, CONFIG["n_ctx"] + 1)) ** 2).astype(np.int32)
    again = rng.random(t.shape) < 0.5
    for i in range(3, t.shape[2]):
        t[:, :, i] = np.where(again[:, :, i], t[:, :, i - 3], t[:, :, i])
    return t


def rate(config, step):
    """GPT-Neo's learning rate: the first step of a warm-up has rate 0, and the decay runs from step 0."""
    lr, T, warmup = config["lr"], config["train_steps"], config["warmup_steps"]
    if config["lr_decay"] == "cosine":
        lr *= 0.1 + 0.9 * (1 + math.cos(math.pi * min(step, T) / T)) / 2
    return lr * step / warmup if step < warmup else lr


def run(name):
    config = {**CONFIG, **CASES[name]}
    model = hf_model.build(config)
    named = hf_model.Named(model)
    init, tokens = make_init(), make_tokens()
    named.load(init)
    model.train()  # every dropout is 0

    decay = [n for n in named.names if init[n].ndim == 2]
    plain = [n for n in named.names if init[n].ndim != 2]
    params = lambda wanted: [named.parameters[named.names[n][0]] for n in wanted]
    opt = torch.optim.AdamW([dict(params=params(decay), weight_decay=config["weight_decay"]),
                             dict(params=params(plain), weight_decay=0.0)], lr=config["lr"],
                            betas=(config["beta1"], config["beta2"]), eps=config["epsilon"])
    clip = None if config["gradient_clipping"] > 1e6 else config["gradient_clipping"]
    tensors, log = {}, dict(loss=[], learning_rate=[], grad_norm=[])
    full = name == "hf_tiny"
    if full:
        tensors["tokens"] = tokens
        tensors |= {f"init/{k}": v for k, v in named.values().items()}
    for step in range(STEPS):
        for group in opt.param_groups:
            group["lr"] = rate(config, step)
        opt.zero_grad()
        logits, per_token = hf_model.forward(model, tokens[step])
        loss = per_token.mean()
        loss.backward()
        if step == 0 and full:
            tensors["logits"] = logits.detach().numpy().copy()
            tensors["loss_per_token"] = per_token.detach().numpy().copy()
            tensors |= {f"grad/{k}": v for k, v in named.gradients().items()}
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), clip or math.inf)
        opt.step()
        log["loss"].append(loss.item())
        log["learning_rate"].append(rate(config, step))
        log["grad_norm"].append(norm.item())
        if step + 1 == STEPS or (full and step == 0):
            tensors |= {f"step{step + 1}/{k}": v for k, v in named.values().items()}
    with torch.no_grad():
        log["loss_after"] = hf_model.forward(model, tokens[0])[1].mean().item()
    return config, tensors, log, dict(
        name="torch.optim.AdamW",
        update="m = b1 m + (1-b1) g; v = b2 v + (1-b2) g^2; w -= lr (m / (1-b1^t) / (sqrt(v / (1-b2^t)) + eps) + wd w), "
               "t from 1",
        bias_correction=True, lr=config["lr"], beta1=config["beta1"], beta2=config["beta2"], eps=config["epsilon"],
        weight_decay=config["weight_decay"], decayed=decay, not_decayed=plain, clip_norm=clip,
        clip_rule="g *= min(1, clip / (norm + 1e-6)), norm over all gradients")


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    versions = dict(python=platform.python_version(), torch=torch.__version__.split("+")[0],
                    transformers=transformers.__version__, numpy=np.__version__, safetensors=safetensors.__version__)
    os.makedirs(OUT, exist_ok=True)
    for name in CASES:
        config, tensors, log, optimizer = run(name)
        data = save({k: np.ascontiguousarray(v) for k, v in tensors.items()})
        with open(os.path.join(OUT, name + ".safetensors"), "wb") as f:
            f.write(data)
        note = {} if name == "hf_tiny" else {"init_and_tokens": "hf_tiny.safetensors"}
        with open(os.path.join(OUT, name + ".json"), "w") as f:
            json.dump(dict(case=name, config=config, **note, optimizer=optimizer, **log, versions=versions), f, indent=1)
            f.write("\n")
        print(f"{name}: {len(data)} bytes, loss {log['loss'][0]:.4f} -> {log['loss'][-1]:.4f}, "
              f"grad norm {min(log['grad_norm']):.3f} to {max(log['grad_norm']):.3f}, after {log['loss_after']:.4f}")


main()
