"""Makes test/fixtures/reference/recurrent.safetensors: recurrences by flash-linear-attention, whole layers by transformers.

    pip install einops; pip download --no-deps fla-core==0.6.0; unzip fla_core-*.whl -d FLA
    .venv-peers/bin/python test/reference/make_recurrent_fixtures.py FLA

Made with torch 2.15.0 (CPU, one thread), transformers 5.23.0 and fla-core 0.6.0, whose naive forms are read as single files.

NAME/*: inputs, output, last state (where it is returned) and gradients (NAME/grad_*) of a naive form, for the gradient `weights`.
layer/NAME/*: the parameters of a layer under the names of ours, its input x and output y.
"""
import importlib.util
import os
import sys

import numpy as np
import torch
from safetensors.numpy import save_file
from transformers.models.kimi_linear.configuration_kimi_linear import KimiLinearConfig
from transformers.models.kimi_linear.modeling_kimi_linear import KimiLinearDeltaAttention
from transformers.models.mamba2.configuration_mamba2 import Mamba2Config
from transformers.models.mamba2.modeling_mamba2 import Mamba2Mixer
from transformers.models.qwen3_next.configuration_qwen3_next import Qwen3NextConfig
from transformers.models.qwen3_next.modeling_qwen3_next import Qwen3NextGatedDeltaNet

FLA = sys.argv[1]
OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fixtures", "reference", "recurrent.safetensors")
torch.set_num_threads(1)
torch.manual_seed(0)
B, T, H, K, V = 1, 45, 2, 3, 4
tensors = {}


def naive(kind):
    path = os.path.join(FLA, "fla", "ops", kind, "naive.py")
    spec = importlib.util.spec_from_file_location(kind.replace("/", "_"), path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def record(name, run, inputs, heads_first):
    """Inputs [B, T, H, ...]; the form may want [B, H, T, ...]. All is stored as [B, T, H, ...]."""
    leaves = {key: x.clone().requires_grad_() for key, x in inputs.items()}
    turned = {key: x.transpose(1, 2) if heads_first else x for key, x in leaves.items()}
    found = run(**turned)
    output, state = found if isinstance(found, tuple) else (found, None)
    output = output.transpose(1, 2) if heads_first else output
    weights = torch.randn_like(output)
    (output * weights).sum().backward()
    all_ = {**leaves, "output": output, "weights": weights}
    if state is not None:
        all_["state"] = state
    for key, x in all_.items():
        tensors[f"{name}/{key}"] = x.detach().contiguous().numpy().copy()
    for key, x in leaves.items():
        tensors[f"{name}/grad_{key}"] = x.grad.contiguous().numpy().copy()


normed = lambda x: torch.nn.functional.normalize(x, dim=-1)
q, k, v = torch.randn(B, T, H, K), torch.randn(B, T, H, K), torch.randn(B, T, H, V)
beta = torch.rand(B, T, H)
scalar, by_key = -torch.rand(B, T, H), -torch.rand(B, T, H, K)
qkv = dict(q=q, k=k, v=v)
delta = dict(q=normed(q), k=normed(k), v=v, beta=beta)
record("delta", naive("delta_rule").delta_rule_recurrence, delta, True)
record("delta_negative", naive("delta_rule").delta_rule_recurrence, {**delta, "beta": 2 * beta}, True)
gated = naive("gated_delta_rule").naive_recurrent_gated_delta_rule
record("gated_delta", lambda **x: gated(**x, output_final_state=True), {**delta, "g": scalar}, False)
record("retention", naive("retention").naive_retention, qkv, True)
gla = naive("gla").naive_recurrent_gla
record("gated_linear", lambda g, **x: gla(gk=g, **x, output_final_state=True), {**qkv, "g": by_key}, False)
record("mamba2", naive("simple_gla").naive_recurrent_simple_gla, {**qkv, "g": scalar}, False)
kda = naive("kda").naive_recurrent_kda
record("kda", lambda **x: kda(**x, output_final_state=True), {**delta, "g": by_key}, False)
record("based", naive("based").naive_parallel_based, qkv, True)
dplr = naive("generalized_delta_rule/dplr").dplr_recurrence
kk, rate = normed(k), torch.rand(B, T, H, K)
rwkv = {**qkv, "alpha": -kk, "beta": kk * rate, "g": -0.6065 * torch.rand(B, T, H, K)}
record("rwkv7", lambda g, **x: dplr(gk=g, **x), rwkv, True)

# Whole layers: width 12, two heads, a sequence of 45 of batch 2.
EMBD, CONV = 12, 4


def layer(name, module, ours):
    x = torch.randn(2, T, EMBD)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.uniform_(-0.6, 0.6)
        y = module(x)
    for key, value in {"x": x, "y": y, **ours(dict(module.named_parameters()))}.items():
        tensors[f"layer/{name}/{key}"] = value.detach().contiguous().numpy().copy()


def convs(weight, **sizes):
    """The parts of a joint convolution, as [features, width]."""
    parts = torch.split(weight.squeeze(1), list(sizes.values()))
    return {f"{name}_conv": part for name, part in zip(sizes, parts)}


def qwen(p, k=4, v=6):
    # Rows by key head: q, k, v, z of the head, then b and a.
    joint = p["in_proj_qkvz.weight"].view(H, 2 * k + 2 * v, EMBD)
    parts = [x.reshape(-1, EMBD).T for x in torch.split(joint, [k, k, v, v], dim=1)]
    b, a = [x.reshape(H, EMBD).T for x in torch.split(p["in_proj_ba.weight"].view(H, 2, EMBD), 1, dim=1)]
    return {
        **dict(zip(["q", "k", "v", "gate"], parts)), "beta": b, "decay": a,
        "decay_bias": p["dt_bias"], "decay_rate": p["A_log"], "norm": p["norm.weight"], "o": p["out_proj.weight"].T,
        **convs(p["conv1d.weight"], q=H * k, k=H * k, v=H * v),
    }


def mamba(p, n=5, d=2 * EMBD):
    z, v, b, c, step = torch.split(p["in_proj.weight"], [d, d, n, n, H])
    biases = torch.split(p["conv1d.bias"], [d, n, n])
    return {
        "gate": z.T, "v": v.T, "b": b.T, "c": c.T, "step": step.T, "step_bias": p["dt_bias"], "decay_rate": p["A_log"],
        "skip": p["D"], "norm": p["norm.weight"], "o": p["out_proj.weight"].T,
        **convs(p["conv1d.weight"], v=d, b=n, c=n), **{f"{x}_conv_bias": y for x, y in zip("vbc", biases)},
    }


def kimi(p, d=6):
    return {
        **{x: p[f"{x}_proj.weight"].T for x in "qkvo"}, "beta": p["b_proj.weight"].T,
        "decay_down": p["forget_gate.f_a_proj.weight"].T, "decay_up": p["forget_gate.f_b_proj.weight"].T,
        "decay_bias": p["forget_gate.dt_bias"], "decay_rate": p["forget_gate.A_log"].flatten(),
        "gate_down": p["g_a_proj.weight"].T, "gate_up": p["g_b_proj.weight"].T, "gate_bias": torch.zeros(H * d),
        "norm": p["o_norm.weight"], **convs(p["conv1d.weight"], q=H * d, k=H * d, v=H * d),
    }


layer("gated_delta", Qwen3NextGatedDeltaNet(Qwen3NextConfig(
    hidden_size=EMBD, linear_num_value_heads=H, linear_num_key_heads=H, linear_key_head_dim=4, linear_value_head_dim=6,
    linear_conv_kernel_dim=CONV, rms_norm_eps=1e-5, num_hidden_layers=4), 0), qwen)
layer("mamba2", Mamba2Mixer(Mamba2Config(
    hidden_size=EMBD, expand=2, num_heads=H, head_dim=EMBD, state_size=5, n_groups=1, conv_kernel=CONV, use_conv_bias=True,
    layer_norm_epsilon=1e-5, chunk_size=16, num_hidden_layers=1), 0), mamba)
layer("kda", KimiLinearDeltaAttention(KimiLinearConfig(
    hidden_size=EMBD, linear_attn_config={"head_dim": 6, "num_heads": H, "short_conv_kernel_size": CONV},
    rms_norm_eps=1e-5, num_hidden_layers=4), 0), kimi)
save_file({key: x.astype(np.float32) for key, x in tensors.items()}, OUT)
print(len(tensors), os.path.getsize(OUT))
