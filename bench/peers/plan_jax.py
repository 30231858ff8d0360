"""A training step of a GPT in plain JAX, as StableHLO on stdout: what `node dist/bench/plan-jax.js` compiles for a cluster.

    .venv-peers/bin/python bench/peers/plan_jax.py --config docs/plans/13B-h100-64.json --devices 64 > step.mlir

Nothing is computed and no device is needed. As in the plans' configs: f32 variables and Adam, bf16 products, layers in one scan,
each of them recomputed (jax.checkpoint, which keeps nothing within a layer), attention of all pairs, the loss over the whole
vocabulary; variables and batch split over the devices, as `parameter_layout: embd:x` and `layout: batch:x` split them.
"""
import argparse
import json
import os
import sys

ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("--config", required=True)
ap.add_argument("--devices", type=int, default=1)
ap.add_argument("--attention", choices=["plain", "library"], default="plain", help="library: jax.nn.dot_product_attention")
args = ap.parse_args()
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] = f"--xla_force_host_platform_device_count={args.devices}"

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
from jax.sharding import Mesh, NamedSharding, PartitionSpec as P  # noqa: E402

c = json.load(open(args.config))
D, L, H, n, V, B = (c[key] for key in ("n_embd", "n_layer", "n_head", "n_ctx", "n_vocab", "train_batch_size"))
V = -(-V // 128) * 128  # as neomesh pads it
mesh = Mesh(jax.devices()[: args.devices], ("x",))


def norm(x, g, b):
    x = x.astype(jnp.float32)
    x = x - x.mean(-1, keepdims=True)
    return (x * jax.lax.rsqrt((x * x).mean(-1, keepdims=True) + 1e-5) * g + b).astype(jnp.bfloat16)


def attend(q, k, v):
    if args.attention == "library":
        return jax.nn.dot_product_attention(q, k, v, scale=1.0, is_causal=True)
    s = jnp.einsum("bihd,bjhd->bhij", q, k, preferred_element_type=jnp.float32)
    s = jnp.where(jnp.tril(jnp.ones((n, n), bool)), s, -1e9)
    return jnp.einsum("bhij,bjhd->bihd", jax.nn.softmax(s, -1).astype(jnp.bfloat16), v)


@jax.checkpoint
def block(x, w):
    half = {name: value.astype(jnp.bfloat16) for name, value in w.items()}
    y = norm(x, w["g1"], w["b1"])
    q, k, v = ((y @ half[name]).reshape(*y.shape[:2], H, D // H) for name in "qkv")
    x = x + attend(q, k, v).reshape(x.shape) @ half["o"] + half["ob"]
    y = jax.nn.gelu(norm(x, w["g2"], w["b2"]) @ half["fc"] + half["fcb"], approximate=True)
    return x + y @ half["proj"] + half["projb"], None


def loss_of(p, ids, labels):
    x = (p["wte"][ids] + p["wpe"]).astype(jnp.bfloat16)
    x = jax.lax.with_sharding_constraint(x, NamedSharding(mesh, P("x")))
    x, _ = jax.lax.scan(block, x, p["layers"])
    logits = (norm(x, p["g"], p["b"]) @ p["wte"].T.astype(jnp.bfloat16)).astype(jnp.float32)
    right = jnp.take_along_axis(logits, labels[..., None], axis=-1)[..., 0]
    return (jax.nn.logsumexp(logits, -1) - right).mean()


def step(state, t, ids, labels):
    p, m, v = state
    loss, g = jax.value_and_grad(loss_of)(p, ids, labels)
    scale = jnp.minimum(1.0, 1 / (jnp.sqrt(sum((x * x).sum() for x in jax.tree.leaves(g))) + 1e-6))
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * scale * g, m, g)
    v = jax.tree.map(lambda v, g: 0.95 * v + 0.05 * (scale * g) ** 2, v, g)
    rate = 1e-4 * jnp.sqrt(1 - 0.95**t) / (1 - 0.9**t)
    p = jax.tree.map(lambda w, m, v: w - rate * (m / (jnp.sqrt(v) + 1e-8) + 0.1 * w), p, m, v)
    return (p, m, v), loss


def split(*axes):
    return NamedSharding(mesh, P(*axes))


def variable(dims, *axes):
    return jax.ShapeDtypeStruct(dims, jnp.float32, sharding=split(*axes))


F = 4 * D
layers = dict(
    g1=variable((L, D), None, "x"), b1=variable((L, D), None, "x"), g2=variable((L, D), None, "x"), b2=variable((L, D), None, "x"),
    q=variable((L, D, D), None, "x"), k=variable((L, D, D), None, "x"), v=variable((L, D, D), None, "x"),
    o=variable((L, D, D), None, None, "x"), ob=variable((L, D), None, "x"),
    fc=variable((L, D, F), None, "x"), fcb=variable((L, F)), proj=variable((L, F, D), None, None, "x"),
    projb=variable((L, D), None, "x"))
p = dict(wte=variable((V, D), None, "x"), wpe=variable((n, D), None, "x"), g=variable((D,), "x"), b=variable((D,), "x"), layers=layers)
ids = jax.ShapeDtypeStruct((B, n), jnp.int32, sharding=split("x"))
state = (p, p, p)
shardings = jax.tree.map(lambda each: each.sharding, state)
with mesh:
    lowered = jax.jit(step, donate_argnums=0, out_shardings=(shardings, split())).lower(
        state, jax.ShapeDtypeStruct((), jnp.float32, sharding=split()), ids, ids)
sys.stdout.write(lowered.as_text())
