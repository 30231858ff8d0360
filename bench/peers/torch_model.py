"""The PyTorch peers: transformers' GPTNeoForCausalLM ("hf"), and a compact model with fused attention ("torch")."""
import torch
import torch.nn.functional as F
from torch import nn

import peers_common as common


class Block(nn.Module):
    def __init__(self, D, heads, local):
        super().__init__()
        self.heads, self.local = heads, local
        self.ln1, self.qkv, self.out = nn.LayerNorm(D), nn.Linear(D, 3 * D, bias=False), nn.Linear(D, D)
        self.ln2, self.fc, self.proj = nn.LayerNorm(D), nn.Linear(D, 4 * D), nn.Linear(4 * D, D)

    def split(self, x):
        """q, k, v as [batch, heads, n, features]"""
        B, n, D = x.shape
        return self.qkv(self.ln1(x)).view(B, n, 3, self.heads, D // self.heads).permute(2, 0, 3, 1, 4)

    def rest(self, x, y):
        x = x + self.out(y.transpose(1, 2).flatten(2))
        return x + self.proj(F.gelu(self.fc(self.ln2(x)), approximate="tanh"))

    def forward(self, x, window):
        q, k, v = self.split(x)
        if self.local and x.shape[1] > common.RADIUS:
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=window, scale=1.0)
        else:
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=1.0)
        return self.rest(x, y)


class Compact(nn.Module):
    def __init__(self, shape):
        super().__init__()
        D, n = shape["embd"], shape["ctx"]
        self.wte, self.wpe = nn.Embedding(shape["vocab"], D), nn.Embedding(n, D)
        self.blocks = nn.ModuleList(Block(D, shape["heads"], common.is_local(i, shape)) for i in range(shape["layers"]))
        self.lnf = nn.LayerNorm(D)
        back = torch.arange(n)[:, None] - torch.arange(n)
        self.register_buffer("window", (back >= 0) & (back < common.RADIUS), persistent=False)

    def forward(self, ids):
        x = self.wte(ids) + self.wpe.weight[: ids.shape[1]]
        for b in self.blocks:
            x = b(x, self.window)
        return F.linear(self.lnf(x), self.wte.weight)


def hf(shape):
    from transformers import GPTNeoConfig, GPTNeoForCausalLM
    return GPTNeoForCausalLM(GPTNeoConfig(
        vocab_size=shape["vocab"], max_position_embeddings=shape["ctx"], hidden_size=shape["embd"],
        num_layers=shape["layers"], num_heads=shape["heads"], attention_types=[[["global", "local" if common.is_local(1, shape) else "global"], shape["layers"] // 2]],
        window_size=common.RADIUS, activation_function="gelu_new", embed_dropout=0.0, attention_dropout=0.0,
        resid_dropout=0.0, bos_token_id=0, eos_token_id=0)).float()


@torch.no_grad()
def load(model, shape):
    """Copies the shared weights; torch keeps kernels as [out, in]."""
    W = {k: torch.from_numpy(v) for k, v in common.weights(shape).items()}
    compact = isinstance(model, Compact)
    base = model if compact else model.transformer
    pairs = [(base.wte.weight, W["gpt2/wte"]), (base.wpe.weight, W["gpt2/wpe"])]
    lnf = base.lnf if compact else base.ln_f
    pairs += [(lnf.weight, W["gpt2/ln_f/g"]), (lnf.bias, W["gpt2/ln_f/b"])]
    for n, b in enumerate(base.blocks if compact else base.h):
        w = common.layer(W, n)
        if compact:
            ln1, ln2, out, fc, proj = b.ln1, b.ln2, b.out, b.fc, b.proj
            pairs.append((b.qkv.weight, torch.cat([w["q"], w["k"], w["v"]], 1).T))
        else:
            a = b.attn.attention
            ln1, ln2, out, fc, proj = b.ln_1, b.ln_2, a.out_proj, b.mlp.c_fc, b.mlp.c_proj
            pairs += [(a.q_proj.weight, w["q"].T), (a.k_proj.weight, w["k"].T), (a.v_proj.weight, w["v"].T)]
        pairs += [(ln1.weight, w["g1"]), (ln1.bias, w["b1"]), (ln2.weight, w["g2"]), (ln2.bias, w["b2"]),
                  (out.weight, w["o"].T), (out.bias, w["ob"]), (fc.weight, w["fc"].T), (fc.bias, w["fcb"]),
                  (proj.weight, w["proj"].T), (proj.bias, w["projb"])]
    for to, value in pairs:
        assert to.shape == value.shape
        to.copy_(value)
    assert len(pairs) == len(list(model.parameters()))
    return model


def make(impl, shape):
    return load(hf(shape) if impl.startswith("hf") else Compact(shape), shape)


def train_step(impl, shape, dtype, adam, device="cpu"):
    """A function batch -> loss that also updates the model."""
    if device == "cuda":
        torch.set_float32_matmul_precision("high")  # TF32 products, as nanoGPT has them
    model, A = make(impl, shape).to(device).train(), common.ADAMW
    groups = [dict(params=[p for p in model.parameters() if p.dim() == 2], weight_decay=A["weight_decay"]),
              dict(params=[p for p in model.parameters() if p.dim() != 2], weight_decay=0.0)]
    opt = torch.optim.AdamW(groups, lr=A["lr"], betas=(A["beta1"], A["beta2"]), eps=A["eps"],
                            fused=True if adam == "fused" else None)

    def loss_of(x, y):
        with torch.autocast(device, torch.bfloat16, enabled=dtype == "bf16"):
            logits = model(input_ids=x, use_cache=False).logits if impl.startswith("hf") else model(x)
        return F.cross_entropy(logits.flatten(0, 1).float(), y.flatten())

    if impl.endswith("-compile"):
        loss_of = torch.compile(loss_of)

    def step(batch):
        t = torch.from_numpy(batch).to(device)
        loss = loss_of(t[:, :-1], t[:, 1:])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), A["clip"])
        opt.step()
        opt.zero_grad(set_to_none=True)
        return loss.item()

    return step
