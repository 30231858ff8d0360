"""One Gated DeltaNet layer of Qwen3-Next, forward and backward, f32; one line of JSON on stdout, in the fields of bench/kind.ts.

    .venv-peers/bin/python bench/peers/kind.py --impl hf --ctx 4096

Heads have keys of width / heads features and values of twice as many, as neomesh's gated_delta has by default.
    hf     the layer of transformers, with its rule in PyTorch (torch_chunk_gated_delta_rule)
    torch  the same layer with the rule written directly: chunk after chunk, each a triangular solve
check is the mean |output|, which is equal for both.
"""
import peers_common as common

ap = common.parser(__doc__)
ap.add_argument("--impl", required=True, choices=["hf", "torch"])
ap.add_argument("--ctx", type=int, default=4096)
ap.add_argument("--batch", type=int, default=1)
ap.add_argument("--embd", type=int, default=256)
ap.add_argument("--heads", type=int, default=4)
ap.add_argument("--runs", type=int, default=5)
args = common.begin(ap)
CHUNK = 64
if args.ctx % CHUNK:
    ap.error(f"--ctx must be a multiple of {CHUNK}")

import numpy as np
import torch
from transformers.models.qwen3_next import modeling_qwen3_next as qwen

torch.set_num_threads(args.threads)
torch.manual_seed(0)
keys = args.embd // args.heads


def chunk_after_chunk(query, key, value, g, beta, **_):
    """S' = e^g S; S = S' + beta k (v - k S'); o = q S / sqrt(keys), of unit q and k: [batch, ctx, heads, features]."""
    unit = lambda x: x * torch.rsqrt(x.square().sum(-1, keepdim=True) + 1e-6)
    by_head = lambda x: x.transpose(1, 2).unflatten(2, (-1, CHUNK)).unbind(2)
    query, key = unit(query) * query.shape[-1] ** -0.5, unit(key)
    state = value.new_zeros(value.shape[0], value.shape[2], key.shape[-1], value.shape[-1])
    identity = torch.eye(CHUNK)
    read = []
    for q, k, v, log, b in zip(*map(by_head, (query, key, value, g, beta))):
        since = log.cumsum(-1)
        between = (since[..., :, None] - since[..., None, :]).masked_fill(identity.cumsum(-1).triu(1) > 0, -torch.inf).exp()
        lead, b = since.exp()[..., None], b[..., None]
        system = identity + (b * (k @ k.mT) * between).tril(-1)
        written = torch.linalg.solve_triangular(system, b * (v - lead * (k @ state)), upper=False)
        read.append(lead * (q @ state) + ((q @ k.mT) * between) @ written)
        state = lead[..., -1:, :] * state + (k * between[..., -1, :, None]).mT @ written
    return torch.cat(read, 2).transpose(1, 2), None


if args.impl == "torch":
    qwen.torch_chunk_gated_delta_rule = chunk_after_chunk
layer = qwen.Qwen3NextGatedDeltaNet(qwen.Qwen3NextConfig(
    hidden_size=args.embd, linear_num_key_heads=args.heads, linear_num_value_heads=args.heads,
    linear_key_head_dim=keys, linear_value_head_dim=2 * keys), 0)


def inputs(length):
    """The stream and the gradient of the layer's output: u - 1/2 with u from the counter hash, seeds 0 and 1."""
    return [torch.from_numpy((common.uniform(args.batch * length * args.embd, s) - 0.5).astype(np.float32)
                             .reshape(args.batch, length, args.embd) * (1.0 if s else 0.5)) for s in range(2)]


def prepare(length):
    x, grad = inputs(length)

    def run():
        layer.zero_grad()
        leaf = x.detach().requires_grad_()
        out = layer(leaf)
        out.backward(grad)
        return out.detach()
    return run


prepare(4 * CHUNK)()  # threads and kernels start here, not in the measured memory
run = prepare(args.ctx)
common.reset_peak()
before = common.peak_mb("VmRSS")
check = float(run().abs().mean())
extra_mb = common.peak_mb() - before
clock = common.Clock()
for _ in range(args.runs):
    clock.time(run)
common.emit(args, impl=args.impl, kind="gated_delta", ctx=args.ctx, batch=args.batch, embd=args.embd, heads=args.heads,
            run_ms=clock.ms, cpu_ms=clock.cpu_ms, others_cores=clock.others, extra_mb=round(extra_mb, 1),
            check=round(check, 7), versions=common.versions("torch", "transformers"))
