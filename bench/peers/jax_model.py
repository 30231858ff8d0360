"""The JAX peer: the same model, loss, clipping and AdamW in one jitted function with donated state."""
import jax
import jax.numpy as jnp
import numpy as np

import peers_common as common


def layer_norm(x, g, b):
    x = x.astype(jnp.float32)
    c = x - x.mean(-1, keepdims=True)
    return c * jax.lax.rsqrt((c * c).mean(-1, keepdims=True) + 1e-5) * g + b


def heads_first(z, heads):
    return z.reshape(*z.shape[:2], heads, -1).transpose(0, 2, 1, 3)


def attend(q, k, v, visible):
    s = jnp.einsum("bhid,bhjd->bhij", q, k, preferred_element_type=jnp.float32)
    p = jax.nn.softmax(jnp.where(visible, s, -1e9), axis=-1).astype(v.dtype)
    y = jnp.einsum("bhij,bhjd->bhid", p, v)
    return y.transpose(0, 2, 1, 3).reshape(y.shape[0], y.shape[2], -1)


def before(p, x, heads, dtype):
    """q, k, v as [batch, heads, n, features]"""
    y = layer_norm(x, p["g1"], p["b1"]).astype(dtype) @ p["qkv"].astype(dtype)
    return [heads_first(z, heads) for z in jnp.split(y, 3, axis=-1)]


def after(p, x, y, dtype):
    x = x + (y @ p["o"].astype(dtype) + p["ob"].astype(dtype))
    h = layer_norm(x, p["g2"], p["b2"]).astype(dtype) @ p["fc"].astype(dtype) + p["fcb"].astype(dtype)
    return x + (jax.nn.gelu(h, approximate=True) @ p["proj"].astype(dtype) + p["projb"].astype(dtype))


def tree(shape):
    """The shared weights as a pytree; q, k and v side by side."""
    W = common.weights(shape)
    layers = []
    for n in range(shape["layers"]):
        p = common.layer(W, n)
        p["qkv"] = np.concatenate([p.pop("q"), p.pop("k"), p.pop("v")], axis=1)
        layers.append(p)
    out = dict(wte=W["gpt2/wte"], wpe=W["gpt2/wpe"], g=W["gpt2/ln_f/g"], b=W["gpt2/ln_f/b"], layers=layers)
    return jax.tree.map(jnp.asarray, out)


def train_step(shape, dtype_name, scan):
    A, heads, n = common.ADAMW, shape["heads"], shape["ctx"]
    dtype = jnp.bfloat16 if dtype_name == "bf16" else jnp.float32
    p = tree(shape)
    # decided per layer, before stacking: kernels and tables decay, gains and biases do not
    decay = jax.tree.map(lambda w: A["weight_decay"] if w.ndim == 2 else 0.0, p)
    if scan:  # one stacked entry for the global layers, one for the local ones
        p["layers"] = [jax.tree.map(lambda *w: jnp.stack(w), *p["layers"][k::2]) for k in (0, 1)]
        decay["layers"] = decay["layers"][:2]

    def loss_of(p, ids, labels):
        back = jnp.arange(n)[:, None] - jnp.arange(n)
        masks = [back >= 0, (back >= 0) & (back < (common.RADIUS if common.is_local(1, shape) else n))]

        def block(w, x, local):
            return after(w, x, attend(*before(w, x, heads, dtype), masks[local]), dtype)

        x = (p["wte"][ids] + p["wpe"]).astype(dtype)
        if scan:
            x, _ = jax.lax.scan(lambda x, w: (block(w[1], block(w[0], x, 0), 1), None), x, p["layers"])
        else:
            for i, w in enumerate(p["layers"]):
                x = block(w, x, int(common.is_local(i, shape)))
        x = layer_norm(x, p["g"], p["b"]).astype(dtype)
        logits = (x @ p["wte"].T.astype(dtype)).astype(jnp.float32)
        right = jnp.take_along_axis(logits, labels[..., None], axis=-1)[..., 0]
        return (jax.nn.logsumexp(logits, axis=-1) - right).mean()

    def update(state, t, ids, labels):
        p, m, v = state
        loss, g = jax.value_and_grad(loss_of)(p, ids, labels)
        norm = jnp.sqrt(sum((x * x).sum() for x in jax.tree.leaves(g)))
        scale = jnp.minimum(1.0, A["clip"] / (norm + 1e-6))
        c1, c2 = 1 - A["beta1"] ** t, 1 - A["beta2"] ** t
        m = jax.tree.map(lambda m, g: A["beta1"] * m + (1 - A["beta1"]) * scale * g, m, g)
        v = jax.tree.map(lambda v, g: A["beta2"] * v + (1 - A["beta2"]) * (scale * g) ** 2, v, g)
        p = jax.tree.map(lambda w, m, v, d: w - A["lr"] * (m / c1 / (jnp.sqrt(v / c2) + A["eps"]) + d * w), p, m, v, decay)
        return (p, m, v), loss

    jitted = jax.jit(update, donate_argnums=0)
    zeros = lambda: jax.tree.map(jnp.zeros_like, p)
    box = [(p, zeros(), zeros()), 0]

    def step(batch):
        box[1] += 1
        t = jnp.asarray(batch, jnp.int32)
        box[0], loss = jitted(box[0], jnp.float32(box[1]), t[:, :-1], t[:, 1:])
        jax.block_until_ready(box[0])
        return float(loss)

    return step
