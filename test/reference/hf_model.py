"""transformers' GPTNeoForCausalLM seen through GPT-Neo's configuration keys and variable names.

GPT-Neo keeps every kernel as [in, out]; torch's Linear keeps [out, in], so kernels are transposed both ways.
"""
import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
import torch.nn.functional as F
from transformers import GPTNeoConfig, GPTNeoForCausalLM

LAYER = {  # GPT-Neo name below gpt2/hN/ -> (transformers name below transformer.h.N., transposed)
    "norm_1/g": ("ln_1.weight", False),
    "norm_1/b": ("ln_1.bias", False),
    "attn/q": ("attn.attention.q_proj.weight", True),
    "attn/k": ("attn.attention.k_proj.weight", True),
    "attn/v": ("attn.attention.v_proj.weight", True),
    "attn/o": ("attn.attention.out_proj.weight", True),
    "attn/compute_output_bias/o_b": ("attn.attention.out_proj.bias", False),
    "norm_2/g": ("ln_2.weight", False),
    "norm_2/b": ("ln_2.bias", False),
    "mlp/conv1d_main/c_fc/kernel": ("mlp.c_fc.weight", True),
    "mlp/conv1d_main/c_fc/bias": ("mlp.c_fc.bias", False),
    "mlp/conv1d_main/c_proj/kernel": ("mlp.c_proj.weight", True),
    "mlp/conv1d_main/c_proj/bias": ("mlp.c_proj.bias", False),
}


def names(layers):
    """GPT-Neo variable name -> (transformers parameter name, transposed), in GPT-Neo's order of creation."""
    out = {"gpt2/wte": ("transformer.wte.weight", False), "gpt2/wpe": ("transformer.wpe.weight", False)}
    for n in range(layers):
        for ours, (theirs, transposed) in LAYER.items():
            out[f"gpt2/h{n}/{ours}"] = (f"transformer.h.{n}.{theirs}", transposed)
    out["gpt2/ln_f/g"] = ("transformer.ln_f.weight", False)
    out["gpt2/ln_f/b"] = ("transformer.ln_f.bias", False)
    return out


def build(config):
    """A float32 GPTNeoForCausalLM for a GPT-Neo configuration (the part of it that transformers can express)."""
    kinds = {kind for group, _ in config["attention_types"] for kind in group}
    if not kinds <= {"global", "local"}:
        raise SystemExit(f"transformers' GPT-Neo has global and local attention only, not {sorted(kinds)}")
    for key in ("rotary_emb", "axial_pos_emb", "mlp_glu", "scalenorm", "rezero", "macaron", "share_parameters",
                "no_weight_tie", "moe_layers", "num_mem_kv"):
        if config.get(key):
            raise SystemExit(f"transformers' GPT-Neo has no {key}")
    activation = {"gelu": "gelu_new", "relu": "relu", "tanh": "tanh", "sigmoid": "sigmoid"}[
        config.get("activation_fn", "gelu")]  # GPT-Neo's gelu is the tanh approximation
    model = GPTNeoForCausalLM(GPTNeoConfig(
        vocab_size=config["n_vocab"], max_position_embeddings=config["n_ctx"], hidden_size=config["n_embd"],
        num_layers=config["n_layer"], num_heads=config["n_head"], attention_types=config["attention_types"],
        window_size=config.get("local_attention_radius", 256), activation_function=activation,
        embed_dropout=0.0, attention_dropout=0.0, resid_dropout=0.0, layer_norm_epsilon=1e-5,
        tie_word_embeddings=True, bos_token_id=0, eos_token_id=0))
    return model.float()


class Named:
    """Reads and writes a model's parameters under GPT-Neo names and layouts (float32 NumPy arrays)."""

    def __init__(self, model):
        self.names = names(model.config.num_layers)
        self.parameters = dict(model.named_parameters())  # lm_head is tied: it is listed once, as wte
        missing = set(self.parameters) ^ {theirs for theirs, _ in self.names.values()}
        if missing:
            raise SystemExit(f"parameters without a counterpart: {sorted(missing)}")

    @torch.no_grad()
    def load(self, variables):
        unknown = set(variables) ^ set(self.names)
        if unknown:
            raise SystemExit(f"variables missing or unknown: {sorted(unknown)}")
        for name, (theirs, transposed) in self.names.items():
            value = torch.from_numpy(variables[name].copy())
            p = self.parameters[theirs]
            value = value.T if transposed else value
            if p.shape != value.shape:
                raise SystemExit(f"{name}: expected {tuple(p.shape)} (torch's layout), got {tuple(value.shape)}")
            p.copy_(value)

    def _all(self, pick):
        return {name: (pick(self.parameters[theirs]).T if transposed else pick(self.parameters[theirs]))
                .detach().numpy().copy(order="C") for name, (theirs, transposed) in self.names.items()}

    def values(self):
        return self._all(lambda p: p)

    def gradients(self):
        return self._all(lambda p: p.grad)


def forward(model, tokens):
    """tokens [batch, n+1] int -> logits [batch, n, vocab], loss per token [batch, n]: plain cross entropy, no z-loss."""
    tokens = torch.from_numpy(tokens.astype("int64"))
    logits = model(input_ids=tokens[:, :-1], use_cache=False).logits
    per_token = F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten(), reduction="none")
    return logits, per_token.view(tokens.shape[0], -1)
