"""Makes test/fixtures/convert/tensorflow/: small checkpoints written by TensorFlow itself, and what is in them.

    VENV/bin/python test/reference/make_tensorflow_fixtures.py        # VENV: pip install tensorflow-cpu safetensors

Made with Python 3.11.7, TensorFlow 2.21.0. Values come from NumPy's PCG64 with a fixed seed.

bf16.ckpt       one shard: a tiny GPT-Neo of a bfloat16 run, as the original names and types it (bfloat16 masters,
                float32 Adam slots, int64 global_step). bf16.safetensors: the same values in float32, as
                import gives them. bf16.json: its GPT-Neo config.
dtypes.ckpt     three shards, merged: every dtype that can be read, a scalar, a tensor of no elements, and a string.
                dtypes.json: the values.
sliced.ckpt     a partitioned variable in two slices.
"""
import json
import os
import pathlib
import tempfile

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
import numpy as np
import tensorflow as tf
from safetensors.numpy import save_file

OUT = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "convert" / "tensorflow"
CONFIG = {
    "n_vocab": 29, "n_ctx": 12, "n_embd": 10, "n_head": 2, "n_layer": 2, "attention_types": [[["global", "local"], 1]],
    "local_attention_radius": 5, "embed_dropout": 0, "attn_dropout": 0, "res_dropout": 0, "opt_name": "adam",
    "lr": 1e-3, "warmup_steps": 0, "beta1": 0.9, "beta2": 0.95, "epsilon": 1e-8, "gradient_clipping": 1.0,
    "train_batch_size": 4, "train_steps": 100, "mesh_shape": "x:1", "layout": "", "precision": "bfloat16",
}


def shapes(c):
    D, out = c["n_embd"], {"gpt2/wte": (c["n_vocab"], c["n_embd"]), "gpt2/wpe": (c["n_ctx"], c["n_embd"])}
    for n in range(c["n_layer"]):
        h = f"gpt2/h{n}"
        for norm in ("norm_1", "norm_2"):
            out |= {f"{h}/{norm}/g": (D,), f"{h}/{norm}/b": (D,)}
        out |= {f"{h}/attn/{name}": (D, D) for name in "qkvo"}
        out[f"{h}/attn/compute_output_bias/o_b"] = (D,)
        mlp = f"{h}/mlp/conv1d_main"
        out |= {f"{mlp}/c_fc/kernel": (D, 4 * D), f"{mlp}/c_fc/bias": (4 * D,),
                f"{mlp}/c_proj/kernel": (4 * D, D), f"{mlp}/c_proj/bias": (D,)}
    return out | {"gpt2/ln_f/g": (D,), "gpt2/ln_f/b": (D,)}


def save(prefix, tensors, slices=None):
    names = list(tensors)
    tf.raw_ops.SaveV2(prefix=str(prefix), tensor_names=names, shape_and_slices=slices or [""] * len(names),
                      tensors=[tensors[name] for name in names])


def bf16(rng):
    masters = {name: tf.cast(tf.constant(rng.standard_normal(shape), tf.float32), tf.bfloat16)
               for name, shape in shapes(CONFIG).items()}
    slots = {f"{name}/{slot}": tf.constant(rng.standard_normal(value.shape), tf.float32)
             for name, value in masters.items() for slot in ("adam_m", "adam_v")}
    save(OUT / "bf16.ckpt", masters | slots | {"global_step": tf.constant(42, tf.int64)})
    wanted = {name: tf.cast(value, tf.float32).numpy() for name, value in (masters | slots).items()}
    save_file(wanted, OUT / "bf16.safetensors")
    (OUT / "bf16.json").write_text(json.dumps(CONFIG, indent=1) + "\n")


def dtypes(folder):
    floats = [0.0, -0.0, 1.5, -3.25, 65504.0, 6e-8, float("inf")]
    parts = [
        {"a/float32": tf.constant(floats, tf.float32), "c/int64": tf.constant([[1, -1], [2**53, -(2**62)]], tf.int64)},
        {"a/bfloat16": tf.constant(floats, tf.bfloat16), "a/scalar": tf.constant(7.5, tf.float32),
         "a/none": tf.zeros([0, 3], tf.float32)},
        {"a/float16": tf.constant(floats, tf.float16), "b/int32": tf.constant([1, -2, 2**31 - 1], tf.int32),
         "d/string": tf.constant(["x", "yz"])},
    ]
    for number, part in enumerate(parts):
        save(folder / f"part{number}", part)
    tf.raw_ops.MergeV2Checkpoints(checkpoint_prefixes=[str(folder / f"part{i}") for i in range(len(parts))],
                                  destination_prefix=str(OUT / "dtypes.ckpt"), delete_old_dirs=False)

    def listed(value):
        if value.dtype == tf.string:
            return None
        if value.dtype == tf.int64:
            return [str(x) for x in value.numpy().ravel()]
        return [repr(float(x)) for x in value.numpy().ravel()]

    wanted = {name: {"dtype": value.dtype.name, "shape": value.shape.as_list(), "values": listed(value)}
              for part in parts for name, value in part.items()}
    (OUT / "dtypes.json").write_text(json.dumps(dict(sorted(wanted.items())), indent=1) + "\n")


def sliced():
    halves = tf.split(tf.reshape(tf.range(24, dtype=tf.float32), [6, 4]), 2)
    tf.raw_ops.SaveV2(prefix=str(OUT / "sliced.ckpt"), tensor_names=["w", "w"],
                      shape_and_slices=["6 4 0,3:0,4", "6 4 3,3:0,4"], tensors=halves)


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    bf16(np.random.default_rng(20260301))
    with tempfile.TemporaryDirectory() as folder:
        dtypes(pathlib.Path(folder))
    sliced()
