"""What transformers computes for weights and tokens that neomesh wrote: the live half of `make test-peers`.

    .venv-peers/bin/python test/reference/peers_live.py DIR [--gradients] [--no-logits] [--threads N]

DIR holds
    config.json           GPT-Neo's keys: n_vocab n_ctx n_embd n_head n_layer attention_types, and optionally
                          local_attention_radius (256) and activation_fn ("gelu"); other keys are ignored unless they
                          ask for something that transformers' GPT-Neo lacks (rotary, axial, MoE, an untied head ...)
    weights.safetensors   every variable, float32, under its GPT-Neo name and layout (gpt2/wte [vocab, embd],
                          gpt2/h0/attn/q [embd, heads*features], ...); optimizer slots (/adam_m, /adam_v) are skipped
    tokens.safetensors    one tensor "tokens", int32, [batch, n+1] or [steps, batch, n+1] with n <= n_ctx: inputs are
                          [..., :-1], labels [..., 1:]

One line of JSON on stdout:
    loss                  mean cross entropy of each batch (no z-loss), a list even for one batch
    loss_per_token        first batch, flat, row-major [batch, n]
    logits, logits_shape  first batch, flat, row-major [batch, n, vocab] (null with --no-logits)
    gradients             only with --gradients: the file DIR/gradients.safetensors, with the gradient of the first
                          batch's mean loss for every variable, GPT-Neo names and layouts, float32
    impl, versions
Numbers are printed so that float32 survives the trip. On a mistake: a message on stderr, status 1, no JSON.
"""
import argparse
import json
import os
import platform

import numpy as np
import torch
import transformers
from safetensors.numpy import load_file, save_file

import hf_model

ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
ap.add_argument("dir")
ap.add_argument("--gradients", action="store_true")
ap.add_argument("--no-logits", action="store_true")
ap.add_argument("--threads", type=int, default=1)
args = ap.parse_args()
torch.set_num_threads(args.threads)


def path(name):
    return os.path.join(args.dir, name)


with open(path("config.json")) as f:
    model = hf_model.build(json.load(f))
named = hf_model.Named(model)
weights = {k: v.astype(np.float32) for k, v in load_file(path("weights.safetensors")).items()
           if not k.endswith(("/adam_m", "/adam_v"))}
named.load(weights)
model.eval()

tokens = load_file(path("tokens.safetensors"))["tokens"]
batches = tokens if tokens.ndim == 3 else tokens[None]
losses, out = [], {}
for step, batch in enumerate(batches):
    with torch.set_grad_enabled(step == 0 and args.gradients):
        logits, per_token = hf_model.forward(model, batch)
        loss = per_token.mean()
    losses.append(loss.item())
    if step == 0:
        out = dict(loss_per_token=per_token.flatten().tolist(), logits_shape=list(logits.shape),
                   logits=None if args.no_logits else logits.flatten().tolist())
        if args.gradients:
            loss.backward()
            save_file({k: np.ascontiguousarray(v) for k, v in named.gradients().items()}, path("gradients.safetensors"))
            out["gradients"] = "gradients.safetensors"
print(json.dumps(dict(impl="transformers GPTNeoForCausalLM", loss=losses, **out, versions=dict(
    python=platform.python_version(), torch=torch.__version__.split("+")[0], transformers=transformers.__version__))))
