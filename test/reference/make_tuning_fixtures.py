"""Makes test/fixtures/reference/tuning.{json,safetensors}: fine-tuning by transformers, torch and PEFT.

    .venv-peers/bin/python test/reference/make_tuning_fixtures.py

Made with torch 2.15.0 (CPU, one thread), transformers 5.23.0 and peft; versions are in the JSON. The model is that of
test/fixtures/convert/hugging-face/single; tokens come from NumPy's PCG64.

full: 50 steps of AdamW from that model, batch 2, with GPT-Neo's warm-up and cosine: loss of each step.
lora: a PEFT adapter with random A and B (its folder is test/fixtures/reference/peft-adapter): logits with it, and the weights
    after merge_and_unload; then 5 steps of AdamW on the adapter alone: loss of each step.
completions: the mean cross entropy of the tokens that a mask counts, and its gradient for wte and h.0's q.
"""
import json
import math
import os
import shutil

import numpy as np
import peft
import torch
import torch.nn.functional as F
import transformers
from safetensors.numpy import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.path.join(HERE, "..", "fixtures")
MODEL = os.path.join(FIXTURES, "convert", "hugging-face", "single")
OUT = os.path.join(FIXTURES, "reference")
STEPS, BATCH = 50, 2
torch.set_num_threads(1)
os.environ["HF_HUB_OFFLINE"] = "1"


def load():
    return transformers.AutoModelForCausalLM.from_pretrained(MODEL, attn_implementation="eager").float().eval()


model = load()
config = model.config
rng = np.random.default_rng(20261130)
width = config.max_position_embeddings + 1
tokens = np.floor(config.vocab_size * rng.random((STEPS, BATCH, width)) ** 2).astype(np.int32)
again = rng.random(tokens.shape) < 0.5
for i in range(3, width):
    tokens[:, :, i] = np.where(again[:, :, i], tokens[:, :, i - 3], tokens[:, :, i])

LR, WARMUP = 1e-3, 5


def rate(step):
    decayed = LR * (0.1 + 0.45 * (1 + math.cos(math.pi * min(step, STEPS) / STEPS)))
    return step / WARMUP * decayed if step < WARMUP else decayed


def loss_of(m, rows):
    rows = torch.from_numpy(rows.astype(np.int64))
    logits = m(rows[:, :-1]).logits
    return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), rows[:, 1:].reshape(-1))


def train(m, steps, decay):
    parameters = [p for p in m.parameters() if p.requires_grad]
    groups = [{"params": [p for p in parameters if p.ndim >= 2], "weight_decay": decay},
              {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=LR, betas=(0.9, 0.999), eps=1e-8)
    losses = []
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate(step)
        optimizer.zero_grad()
        loss = loss_of(m, tokens[step])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses


full = train(model, STEPS, 0.01)

torch.manual_seed(7)
base = load()
lora = peft.get_peft_model(base, peft.LoraConfig(
    task_type="CAUSAL_LM", r=3, lora_alpha=6, lora_dropout=0.0, target_modules=["q_proj", "v_proj", "c_fc", "out_proj"]))
for name, parameter in lora.named_parameters():
    if "lora_B" in name:
        torch.nn.init.normal_(parameter, std=0.1)
adapter = os.path.join(OUT, "peft-adapter")
shutil.rmtree(adapter, ignore_errors=True)
lora.save_pretrained(adapter)
for extra in ("README.md",):
    path = os.path.join(adapter, extra)
    if os.path.exists(path):
        os.remove(path)
with open(os.path.join(adapter, "adapter_config.json")) as f:
    saved = json.load(f)
saved["base_model_name_or_path"] = "single"
with open(os.path.join(adapter, "adapter_config.json"), "w") as f:
    json.dump(saved, f, indent=2, sort_keys=True)
rows = torch.from_numpy(tokens[0].astype(np.int64))
with torch.no_grad():
    logits = lora(rows[:, :-1]).logits.numpy()
lora_losses = train(lora, 5, 0.0)

merged = peft.PeftModel.from_pretrained(load(), adapter).merge_and_unload()
weights = {name: p.detach().numpy() for name, p in merged.named_parameters()
           if any(key in name for key in ("q_proj", "c_fc.weight", "out_proj.weight"))}

plain = load()
mask = rng.random((BATCH, width - 1)) < 0.3
mask[0, :5] = False
logits2 = plain(rows[:, :-1]).logits
labels = torch.where(torch.from_numpy(mask), rows[:, 1:], -100)
masked = F.cross_entropy(logits2.reshape(-1, logits2.shape[-1]), labels.reshape(-1), ignore_index=-100)
masked.backward()
tensors = {
    "tokens": tokens,
    "lora/logits": logits.astype(np.float32),
    "mask": mask.astype(np.int32),
    "completions/wte": plain.transformer.wte.weight.grad.numpy(),
    "completions/q": np.ascontiguousarray(plain.transformer.h[0].attn.attention.q_proj.weight.grad.numpy().T),
    **{f"merged/{name}": np.ascontiguousarray(value) for name, value in weights.items()},
}
save_file(tensors, os.path.join(OUT, "tuning.safetensors"))
with open(os.path.join(OUT, "tuning.json"), "w") as f:
    json.dump({
        "torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__,
        "lr": LR, "warmup_steps": WARMUP, "train_steps": STEPS, "batch": BATCH, "weight_decay": 0.01,
        "full": full, "lora": lora_losses, "completions": masked.item(),
    }, f, indent=1)
    f.write("\n")
print(full[0], full[-1], lora_losses, masked.item())
