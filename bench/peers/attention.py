"""Attention alone, forward and backward, f32 or bf16; one line of JSON on stdout.

    .venv-peers/bin/python bench/peers/attention.py --impl torch --kind local-blocked --ctx 2048

q, k, v and the incoming gradient are [batch, heads, ctx, features]; no scale; local sees the last --radius positions.
    torch  global-sdpa global-eager local-sdpa local-eager local-blocked linear-chunked
    jax    global-dense local-dense local-blocked linear-chunked
eager is how transformers writes GPT-Neo: every pair, where, softmax. blocked reads two blocks of `radius` keys for each
block of queries. linear is GPT-Neo's causal linear attention in chunks of 64. extra_mb is what the first run adds to
resident memory; check is the mean |output|, which is equal for all kinds of the same attention.
"""
import peers_common as common

KINDS = {"torch": ["global-sdpa", "global-eager", "local-sdpa", "local-eager", "local-blocked", "linear-chunked"],
         "jax": ["global-dense", "local-dense", "local-blocked", "linear-chunked"]}
ap = common.parser(__doc__)
ap.add_argument("--impl", required=True, choices=list(KINDS))
ap.add_argument("--kind", required=True, choices=sorted({k for ks in KINDS.values() for k in ks}))
ap.add_argument("--ctx", type=int, default=1024)
ap.add_argument("--batch", type=int, default=1)
ap.add_argument("--heads", type=int, default=12)
ap.add_argument("--features", type=int, default=64)
ap.add_argument("--radius", type=int, default=common.RADIUS)
ap.add_argument("--runs", type=int, default=5)
ap.add_argument("--dtype", default="f32", choices=["f32", "bf16"])
args = common.begin(ap)
B, H, n, d, R, CHUNK = args.batch, args.heads, args.ctx, args.features, args.radius, 64
if args.kind not in KINDS[args.impl]:
    ap.error(f"--kind for {args.impl}: {' '.join(KINDS[args.impl])}")
if n % R and args.kind == "local-blocked" or n % CHUNK and args.kind == "linear-chunked":
    ap.error("--ctx must be whole blocks")
if args.kind.endswith(("eager", "dense")):
    with open("/proc/meminfo") as f:
        free = next(int(x.split()[1]) for x in f if x.startswith("MemAvailable")) * 1024
    if 20.0 * B * H * n * n > 0.9 * free:
        ap.error(f"about {20.0 * B * H * n * n / 1e9:.0f} GB of scores do not fit")


def inputs(length):
    """q, k, v, gradient: tensor s is (u - 1/2) * (1/2 for q, else 1) with u from the counter hash, seed s."""
    import numpy as np
    return [((common.uniform(B * H * length * d, s) - 0.5) * (1.0 if s else 0.5)).astype(np.float32)
            .reshape(B, H, length, d) for s in range(4)]


def linear(q, k, v, xp, softmax, cumsum, cat, triangle):
    """softmax(q) over features, exp(k); out_i = q_i S_i / q_i z_i with running sums S and z, by chunks."""
    q, k = softmax(q), xp.exp(k)
    v = cat([v, xp.ones_like(v[..., :1])])  # the column of ones becomes z
    q, k, v = (t.reshape(B, H, -1, CHUNK, t.shape[-1]) for t in (q, k, v))
    sums = xp.einsum("bhcif,bhcie->bhcfe", k, v)
    out = xp.einsum("bhcif,bhcfe->bhcie", q, cumsum(sums) - sums)
    near = xp.einsum("bhcif,bhcjf->bhcij", q, k) * triangle
    out = out + xp.einsum("bhcij,bhcje->bhcie", near, v)
    return (out[..., :-1] / (out[..., -1:] + 1e-6)).reshape(B, H, -1, d)


def make_torch():
    import torch
    import torch.nn.functional as F
    torch.set_num_threads(args.threads)
    kind = torch.bfloat16 if args.dtype == "bf16" else torch.float32
    local = args.kind.startswith("local")

    def attention(length):
        back = torch.arange(length)[:, None] - torch.arange(length)
        mask = (back >= 0) & (back < R) if local else back >= 0
        if args.kind == "global-sdpa":
            return lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=1.0)
        if args.kind == "local-sdpa":
            return lambda q, k, v: F.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=1.0)
        if args.kind.endswith("eager"):
            low = torch.tensor(torch.finfo(torch.float32).min)

            def eager(q, k, v):
                s = torch.where(mask, q.float() @ k.float().mT, low)
                return torch.softmax(s, -1).to(v.dtype) @ v
            return eager
        if args.kind == "local-blocked":
            blocks = length // R
            back = torch.arange(R, 2 * R)[:, None] - torch.arange(2 * R)
            near = ((back >= 0) & (back < R)).repeat(blocks, 1, 1, 1)
            near[0, :, :, :R] = False  # nothing stands before the first block

            def blocked(q, k, v):  # blocks join the batch
                q, k, v = (t.view(B, H, blocks, R, d).transpose(1, 2) for t in (q, k, v))
                k, v = (torch.cat([F.pad(t, (0, 0) * 3 + (1, 0))[:, :-1], t], 3) for t in (k, v))
                q, k, v = (t.flatten(0, 1) for t in (q, k, v))
                y = F.scaled_dot_product_attention(q, k, v, attn_mask=near.repeat(B, 1, 1, 1), scale=1.0)
                return y.view(B, blocks, H, R, d).transpose(1, 2).reshape(B, H, length, d)
            return blocked
        triangle = torch.ones(CHUNK, CHUNK, dtype=kind).tril()
        return lambda q, k, v: linear(q, k, v, torch, lambda t: t.softmax(-1), lambda t: t.cumsum(2),
                                      lambda t: torch.cat(t, -1), triangle)

    def prepare(length):
        f = attention(length)
        *qkv, g = (torch.from_numpy(x).to(kind) for x in inputs(length))

        def run():
            leaves = [t.detach().requires_grad_() for t in qkv]
            out = f(*leaves)
            out.backward(g)
            return out.detach()
        return run

    prepare(2 * R)()  # threads and kernels start here, not in the measured memory
    return prepare(n), None


def make_jax():
    import jax
    import jax.numpy as jnp
    kind = jnp.bfloat16 if args.dtype == "bf16" else jnp.float32
    row = lambda length: jnp.arange(length)[:, None]

    def softmax_of(s):
        return jax.nn.softmax(s, axis=-1).astype(kind)

    def dense(q, k, v):
        back = row(n) - jnp.arange(n)
        mask = (back >= 0) & (back < R) if args.kind == "local-dense" else back >= 0
        s = jnp.einsum("bhid,bhjd->bhij", q, k, preferred_element_type=jnp.float32)
        return jnp.einsum("bhij,bhjd->bhid", softmax_of(jnp.where(mask, s, -1e9)), v)

    def blocked(q, k, v):
        q, k, v = (t.reshape(B, H, n // R, R, d) for t in (q, k, v))
        previous = lambda t: jnp.pad(t, ((0, 0), (0, 0), (1, 0), (0, 0), (0, 0)))[:, :, :-1]
        k, v = (jnp.concatenate([previous(t), t], axis=3) for t in (k, v))
        back = row(R) + R - jnp.arange(2 * R)
        exists = (jnp.arange(n // R) > 0)[:, None, None] | (jnp.arange(2 * R) >= R)
        s = jnp.einsum("bhcid,bhcjd->bhcij", q, k, preferred_element_type=jnp.float32)
        p = softmax_of(jnp.where((back >= 0) & (back < R) & exists, s, -1e9))
        return jnp.einsum("bhcij,bhcjd->bhcid", p, v).reshape(B, H, n, d)

    def chunked(q, k, v):
        return linear(q, k, v, jnp, lambda t: jax.nn.softmax(t, axis=-1), lambda t: jnp.cumsum(t, axis=2),
                      lambda t: jnp.concatenate(t, axis=-1), jnp.tril(jnp.ones((CHUNK, CHUNK), kind)))

    f = {"local-blocked": blocked, "linear-chunked": chunked}.get(args.kind, dense)

    def both(q, k, v, g):
        out, pull = jax.vjp(f, q, k, v)
        return out, pull(g)

    arrays = [jnp.asarray(x, kind) for x in inputs(n)]
    compiled = jax.jit(both).lower(*arrays).compile()
    return lambda: jax.block_until_ready(compiled(*arrays))[0], compiled.memory_analysis().temp_size_in_bytes / 2**20


run, temp_mb = make_torch() if args.impl == "torch" else make_jax()
common.reset_peak()
before = common.peak_mb("VmRSS")
out = run()
extra_mb = common.peak_mb() - before
check = float(abs(out).mean())
del out
clock = common.Clock()
for _ in range(args.runs):
    clock.time(run)
common.emit(args, impl=args.impl, kind=args.kind, ctx=n, batch=B, heads=H, features=d, radius=R, dtype=args.dtype,
            run_ms=clock.ms, cpu_ms=clock.cpu_ms, others_cores=clock.others, extra_mb=round(extra_mb, 1),
            **({} if temp_mb is None else {"xla_temp_mb": round(temp_mb, 1)}), check=round(check, 7),
            versions=common.versions(*(("torch",) if args.impl == "torch" else ("jax", "jaxlib"))))
