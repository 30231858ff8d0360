"""Logits of tiny models of Hugging Face transformers with random weights, under neomesh's names and layout.

    python test/reference/make_modern_fixtures.py test/fixtures/reference/modern.json

needs torch 2 and transformers 5. Linear weights are turned to [in, out]; the factor of the logits, head_dim^-1/2, goes into
queries (or the gain of their norm), as GPT-Neo has it; rotary pairs that DeepSeek has side by side are put into two halves.
"""

import json
import sys

import torch
from transformers import (
    DeepseekV3Config,
    DeepseekV3ForCausalLM,
    DiffLlamaConfig,
    DiffLlamaForCausalLM,
    GptOssConfig,
    GptOssForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

IDS = [[3, 14, 15, 9, 2, 6, 5, 3, 5, 8, 9], [7, 9, 3, 2, 3, 8, 4, 6, 2, 6, 4]]
COMMON = dict(
    vocab_size=17,
    hidden_size=12,
    num_hidden_layers=2,
    intermediate_size=10,
    max_position_embeddings=16,
    rms_norm_eps=1e-6,
    rope_parameters={"rope_type": "default", "rope_theta": 1000.0},
    tie_word_embeddings=False,
    attn_implementation="eager",
    bos_token_id=None,
    eos_token_id=None,
    pad_token_id=None,
)
OURS = dict(
    n_vocab=17,
    n_embd=12,
    n_layer=2,
    n_inner=10,
    n_ctx=16,
    norm="rmsnorm",
    norm_epsilon=1e-6,
    rotary_emb=True,
    rope_theta=1000,
    mlp_glu=True,
    activation_fn="silu",
    bias=False,
    tie_word_embeddings=False,
)


def halves(weight):
    """Rows of pairs (0, 1), (2, 3), ... as the first of each pair, then the second ones."""
    return torch.cat([weight[0::2], weight[1::2]])


def common(model, heads):
    names = {
        "gpt2/wte": model.model.embed_tokens.weight,
        "gpt2/ln_f/g": model.model.norm.weight,
        "gpt2/lm_head": model.lm_head.weight,
    }
    for i, layer in enumerate(model.model.layers):
        at = f"gpt2/h{i}"
        names[f"{at}/norm_1/g"] = layer.input_layernorm.weight
        names[f"{at}/attn/o"] = layer.self_attn.o_proj.weight.T
        if hasattr(layer.mlp, "up_proj"):
            names[f"{at}/norm_2/g"] = layer.post_attention_layernorm.weight
            mlp = f"{at}/mlp/conv1d_main"
            names[f"{mlp}/c_fc/kernel"] = torch.cat([layer.mlp.up_proj.weight.T, layer.mlp.gate_proj.weight.T], 1)
            names[f"{mlp}/c_proj/kernel"] = layer.mlp.down_proj.weight.T
        names |= {f"{at}/attn/{name}": value for name, value in heads(layer.self_attn).items()}
    return names


def projections(attention, scale):
    return {
        "q": attention.q_proj.weight.T * scale,
        "k": attention.k_proj.weight.T,
        "v": attention.v_proj.weight.T,
    }


def qwen3(attention):
    norms = {"q_norm/g": attention.q_norm.weight * attention.scaling, "k_norm/g": attention.k_norm.weight}
    return projections(attention, 1) | norms


def gpt_oss(attention):
    biases = {
        "bias/q": attention.q_proj.bias * attention.scaling,
        "bias/k": attention.k_proj.bias,
        "bias/v": attention.v_proj.bias,
        "compute_output_bias/o_b": attention.o_proj.bias,
    }
    return projections(attention, attention.scaling) | biases | {"sinks": attention.sinks}


def diffllama(attention):
    lambdas = {f"lambda_{name}": getattr(attention, f"lambda_{name}") for name in ("q1", "k1", "q2", "k2")}
    return projections(attention, attention.scaling) | lambdas


def deepseek(attention):
    nope, rope, rank = attention.qk_nope_head_dim, attention.qk_rope_head_dim, attention.kv_lora_rank
    queries = attention.q_b_proj.weight.view(attention.num_heads, nope + rope, -1)
    queries = torch.stack([torch.cat([head[:nope], halves(head[nope:])]) for head in queries])
    down = attention.kv_a_proj_with_mqa.weight
    return {
        "q_down": attention.q_a_proj.weight.T,
        "q_norm/g": attention.q_a_layernorm.weight,
        "q_up": queries.flatten(0, 1).T * attention.scaling,
        "kv_down": torch.cat([down[:rank], halves(down[rank:])]).T,
        "kv_norm/g": attention.kv_a_layernorm.weight,
        "kv_up": attention.kv_b_proj.weight.T,
    }


class Nothing(torch.nn.Module):
    """Instead of experts."""

    def forward(self, x):
        return torch.zeros_like(x), None


def record(model, heads, config, change=lambda model: None):
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.4 + (1 if parameter.ndim == 1 and len(parameter) > 4 else 0))
        change(model)
        logits = model.eval()(torch.tensor(IDS)).logits
        weights = {name: value.flatten().tolist() for name, value in common(model, heads).items()}
    return {"config": OURS | config, "weights": weights, "logits": logits.flatten().tolist()}


def without_experts(model):
    for layer in model.model.layers:
        layer.mlp = Nothing()


def main(path):
    grouped = dict(num_attention_heads=4, num_key_value_heads=2, head_dim=4)
    ours = dict(n_head=4, n_kv_head=2, head_dim=4)
    sliding = dict(layer_types=["sliding_attention", "full_attention"], sliding_window=4, attention_bias=True)
    experts = dict(num_local_experts=2, num_experts_per_tok=1)
    latent = dict(q_lora_rank=5, kv_lora_rank=6, qk_nope_head_dim=3, qk_rope_head_dim=4, v_head_dim=5)
    dense = dict(first_k_dense_replace=2, num_attention_heads=3, num_key_value_heads=3, num_mtp_layers=0)
    models = {
        "Qwen3": record(Qwen3ForCausalLM(Qwen3Config(**COMMON, **grouped)), qwen3, ours | dict(qk_norm=True)),
        "GPT-OSS without experts": record(
            GptOssForCausalLM(GptOssConfig(**COMMON, **grouped, **sliding, **experts)),
            gpt_oss,
            ours
            | dict(attention_types=[[["local", "global"], 1]], local_attention_radius=4, attention_sinks=True)
            | dict(qkv_bias=True, bias=True, n_inner=0),
            without_experts,
        ),
        "DiffLlama": record(
            DiffLlamaForCausalLM(DiffLlamaConfig(**COMMON, **grouped)),
            diffllama,
            ours | dict(attention_types=[[["differential"], 2]]),
        ),
        "DeepSeek-V3 without experts": record(
            DeepseekV3ForCausalLM(DeepseekV3Config(**COMMON, **latent, **dense)),
            deepseek,
            dict(n_head=3, attention_types=[[["latent"], 2]], **latent),
        ),
    }
    rounded = lambda x: [float(f"{value:.9g}") for value in x]
    for model in models.values():
        model["weights"] = {name: rounded(values) for name, values in model["weights"].items()}
        model["logits"] = rounded(model["logits"])
    with open(path, "w") as file:
        json.dump({"ids": IDS, "models": models}, file, separators=(",", ":"))
        file.write("\n")


main(sys.argv[1])
