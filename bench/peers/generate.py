"""Greedy generation with a key/value cache, 128 tokens after a prompt; one line of JSON on stdout.

    .venv-peers/bin/python bench/peers/generate.py --shape small --impl jax --batch 8

hf = transformers' generate(); torch = an own loop over a preallocated cache; jax = one jit, a prefill and then a scan.
run_ms: whole runs. first_token_ms: runs that stop after one token. checksum: the sum of all new ids, equal for all
peers in f32 as long as no two logits tie. Prompts are tokens(shape, step 0) cut to [batch, prompt] (see README.md).
"""
import peers_common as common
import time

ap = common.parser(__doc__)
ap.add_argument("--impl", required=True, choices=["hf", "torch", "jax"])
ap.add_argument("--shape", default="small", choices=list(common.SHAPES))
ap.add_argument("--batch", type=int, default=1)
ap.add_argument("--prompt", type=int, default=64)
ap.add_argument("--new", type=int, default=128)
ap.add_argument("--runs", type=int, default=3, help="timed runs")
ap.add_argument("--dtype", default="f32", choices=["f32", "bf16"], help="bf16: weights, activations and cache")
args = common.begin(ap)
shape = common.SHAPES[args.shape]
B, P, N = args.batch, args.prompt, args.new
H, L = shape["heads"], shape["layers"]
if P + N > shape["ctx"] or N < 2:
    ap.error("prompt and new tokens must fit the context")
prompt = common.tokens(dict(shape, batch=B), 0, P)


def make_torch():
    import torch
    import torch.nn.functional as F
    import torch_model
    torch.set_num_threads(args.threads)
    kind = torch.bfloat16 if args.dtype == "bf16" else torch.float32
    m = torch_model.make(args.impl, shape).eval().to(args.device, kind)
    ids = torch.from_numpy(prompt).to(args.device)
    if args.impl == "hf":
        m.generation_config.eos_token_id = None  # never stops early
        m.generation_config.pad_token_id = 0

        @torch.inference_mode()
        def run(n):
            return m.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=n,
                              use_cache=True)[:, P:].cpu().numpy()
        return run

    keys, values = (torch.zeros(L, B, H, P + N, shape["embd"] // H, dtype=kind, device=args.device)
                    for _ in range(2))

    back = torch.arange(P, device=args.device)[:, None] - torch.arange(P, device=args.device)
    window = (back >= 0) & (back < common.RADIUS)

    def forward(ids, at):
        end = at + ids.shape[1]
        x = m.wte(ids) + m.wpe.weight[at:end]
        for i, b in enumerate(m.blocks):
            q, keys[i, :, :, at:end], values[i, :, :, at:end] = b.split(x)
            start = max(0, end - common.RADIUS) if b.local and at > 0 else 0
            masked = b.local and at == 0 and P > common.RADIUS
            y = F.scaled_dot_product_attention(q, keys[i, :, :, start:end], values[i, :, :, start:end], scale=1.0,
                                               attn_mask=window if masked else None, is_causal=at == 0 and not masked)
            x = b.rest(x, y)
        return F.linear(m.lnf(x[:, -1]), m.wte.weight).argmax(-1)

    @torch.inference_mode()
    def run(n):
        out = [forward(ids, 0)]
        while len(out) < n:
            out.append(forward(out[-1][:, None], P + len(out) - 1))
        return torch.stack(out, 1).cpu().numpy()
    return run


def make_jax():
    import jax
    import jax.numpy as jnp
    import numpy as np
    import jax_model as J
    kind = jnp.bfloat16 if args.dtype == "bf16" else jnp.float32
    weights = jax.tree.map(lambda w: w.astype(kind), J.tree(shape))

    def forward(p, cache, ids, at):
        x = p["wte"][ids] + jax.lax.dynamic_slice_in_dim(p["wpe"], at, ids.shape[1])
        back = at + jnp.arange(ids.shape[1])[:, None] - jnp.arange(P + N)
        new = []
        for i, w in enumerate(p["layers"]):
            q, k, v = J.before(w, x, H, kind)
            k, v = (jax.lax.dynamic_update_slice_in_dim(c, z, at, 2) for c, z in zip(cache[i], (k, v)))
            new.append((k, v))
            visible = (back >= 0) & (back < common.RADIUS) if common.is_local(i, shape) else back >= 0
            x = J.after(w, x, J.attend(q, k, v, visible), kind)
        x = J.layer_norm(x[:, -1], p["g"], p["b"]).astype(kind)
        return new, (x @ p["wte"].T).argmax(-1).astype(jnp.int32)

    def generate(p, ids, n):
        empty = jnp.zeros((B, H, P + N, shape["embd"] // H), kind)
        state = forward(p, [(empty, empty)] * L, ids, 0)

        def one(state, at):
            state = forward(p, state[0], state[1][:, None], at)
            return state, state[1]
        _, rest = jax.lax.scan(one, state, P + jnp.arange(n - 1))
        return jnp.concatenate([state[1][:, None], rest.T], axis=1)

    jitted, ids = jax.jit(generate, static_argnums=2), jnp.asarray(prompt, jnp.int32)
    return lambda n: np.asarray(jitted(weights, ids, n))


run = make_jax() if args.impl == "jax" else make_torch()
ready_s = time.perf_counter() - common.START
first, whole, one = common.Clock(), common.Clock(), common.Clock()
out = first.time(lambda: run(N))  # compiles
run(1)
for _ in range(args.runs):
    whole.time(lambda: run(N))
    one.time(lambda: run(1))
common.emit(args, impl=args.impl, shape=args.shape, batch=B, prompt=P, new=N, dtype=args.dtype, run_ms=whole.ms,
            first_token_ms=one.ms, first_run_s=round(first.ms[0] / 1e3, 3), ready_s=round(ready_s, 3),
            cpu_ms=whole.cpu_ms, others_cores=whole.others, ids_head=out[0][:8].tolist(), checksum=int(out.sum()),
            versions=common.versions(*(("jax", "jaxlib") if args.impl == "jax" else
                                       ("torch", "transformers") if args.impl == "hf" else ("torch",))))
