"""Records test/fixtures/goldens/variants.json anew: losses, rates and gradient norms that the original gives for the configs in it.

    VENV/bin/python test/reference/record_variants.py GPT_NEO [CASE ...]

GPT_NEO: a checkout of EleutherAI/gpt-neo (23485e3). VENV: Python 3.9 with tensorflow-cpu==2.5.1 mesh-tensorflow==0.1.18 "protobuf<3.20".
Variables begin with normal numbers seeded by the crc32 of their names, tokens are randint(1, n_vocab) of seed 1000. TensorFlow's CPU
has few kernels in bfloat16: each product, sum and function is made in float32 and its result rounded.
"""
import json
import os
import pathlib
import sys
import types
import zlib
from collections import defaultdict

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, sys.argv[1])
sys.modules["tensorflow_datasets"] = types.ModuleType("tensorflow_datasets")  # imported by Mesh TensorFlow, not used here

import numpy as np
import tensorflow.compat.v1 as tf

tf.disable_eager_execution()
tf.logging.set_verbosity(tf.logging.ERROR)
import mesh_tensorflow as mtf
import mesh_tensorflow.transformer as mtf_transformer


def in_float32(function):
    def wide(x):
        if isinstance(x, list):
            return [wide(each) for each in x]
        return tf.cast(x, tf.float32) if is_narrow(x) else x

    def is_narrow(x):
        return isinstance(x, tf.Tensor) and x.dtype == tf.bfloat16

    def call(*args, **options):
        given = [y for x in (*args, *options.values()) for y in (x if isinstance(x, list) else [x])]
        out = function(*map(wide, args), **{key: wide(x) for key, x in options.items()})
        return tf.cast(out, tf.bfloat16) if any(map(is_narrow, given)) and out.dtype == tf.float32 else out

    return call


for name in "einsum reduce_sum reduce_max reduce_min reduce_mean exp log tanh rsqrt sqrt pow sin cos sigmoid matmul log1p reciprocal".split():
    for module in (tf, tf.math):
        if hasattr(module, name):
            setattr(module, name, in_float32(getattr(module, name)))

import optimizers
from models.gpt2 import gpt2
from models.utils import biasmask_attn_weights


def start(name, shape):
    random = np.random.RandomState(zlib.crc32(name.encode()) & 0x7FFFFFFF)
    last = name.split("/")[-1]
    offset, scale = 0, 0
    if last == "g":
        offset, scale = 1, 0.1
    elif last in ("b", "o_b", "bias"):
        scale = 0.1
    elif last == "wte":
        scale = 0.3
    elif "wpe" in last:
        scale = 0.2
    else:
        scale = (0.6 if last == "q" else 1.5 if "_gating/" in name else 1) * shape[-2] ** -0.5
    return np.asarray(np.float32(offset) + np.float32(scale) * random.randn(*shape).astype(np.float32) if shape else
                      np.float32(offset) + np.float32(scale) * np.float32(random.randn()), np.float32)


def build(config, mode, inputs, labels):
    """The model in a graph, as model_fns.py makes it."""
    params = defaultdict(lambda: None, json.loads(json.dumps(config)))
    params["attention_types"] = [kind for kinds, times in params["attention_types"] for _ in range(times) for kind in kinds]
    params.update(mode=mode, model="GPT", causal=not params["mlm_training"])
    narrow = params["precision"] == "bfloat16"
    dtype = mtf.VariableDType(*(tf.bfloat16, tf.float32, tf.bfloat16) if narrow else (tf.float32,) * 3)
    graph = mtf.Graph()
    mesh = mtf.Mesh(graph, "mesh")
    shape, rules = mtf.convert_to_shape(params["mesh_shape"]), mtf.convert_to_layout_rules(params["layout"])
    context = params["n_ctx"]
    batch, length = mtf.Dimension("batch", int(inputs.shape[0])), mtf.Dimension("sequence", context)
    memory = mtf.Dimension("memory_length", context)
    features = {key: mtf.import_fully_replicated(mesh, x, mtf.Shape([batch, length]), name=key)
                for key, x in (("inputs", inputs), ("labels", labels))}
    others = {
        "attn_bias": biasmask_attn_weights(mesh, length, memory, dtype) if params["causal"] else None,
        "embd_dim": mtf.Dimension("embd", params["n_embd"]),
        "vocab_dim": mtf.Dimension("vocab", params["n_vocab"]),
        "embed_sequence_dim": mtf.Dimension("embed_sequence", context),
        "memory_length_dim": memory,
    }
    parts = 1
    if mode == "train":
        parts = int(mtf_transformer.utils.serialize_num_microbatches(
            batch_dim=batch, sequence_length={"inputs": context, "labels": context}, mesh_shape=shape, layout_rules=rules,
            tokens_per_microbatch_per_replica=params["tokens_per_mb_per_replica"]))
    params["num_microbatches"] = parts

    def model(of):
        with tf.variable_scope("gpt2"):
            logits, loss, per_token = gpt2.model(of, others, params, mesh, variable_dtype=dtype)
        return {"logits": logits, "loss": loss, "loss_batch": per_token}

    gradients = None
    if parts > 1:
        gradients, out = mtf.serialize_training_step(features, model, batch, parts)
    else:
        with mtf.utils.outside_all_rewrites():
            out = model(features)
    implementation = mtf.placement_mesh_impl.PlacementMeshImpl(shape, rules, [""] * shape.size)
    return params, graph, mesh, implementation, dtype, parts, gradients, out["loss"]


def run(config, tokens, mode):
    steps, size, width = tokens.shape
    with tf.Graph().as_default():
        inputs, labels = (tf.placeholder(tf.int32, [size, width - 1]) for _ in range(2))
        params, graph, mesh, implementation, dtype, parts, gradients, loss = build(config, mode, inputs, labels)
        step = tf.train.get_or_create_global_step()
        wanted, updates = {"loss": loss}, []
        if mode == "train":
            clip, seen = optimizers.clip_by_global_norm, {}

            def clip_and_tell(grads, clip_norm):
                clipped, seen["norm"] = clip(grads, clip_norm)
                return clipped, seen["norm"]

            optimizers.clip_by_global_norm = clip_and_tell
            wanted["rate"], updates, _ = optimizers.get_optimizer(mesh, loss, params, variable_dtype=dtype, inp_var_grads=gradients)
            optimizers.clip_by_global_norm = clip
            wanted["norm"] = seen["norm"]
        wanted = {key: mtf.anonymize(x) for key, x in wanted.items()}
        lowering = mtf.Lowering(graph, {mesh: implementation}, autostack=True)
        wanted = {key: tf.cast(lowering.export_to_tf_tensor(x), tf.float32) for key, x in wanted.items()}
        train = tf.group([lowering.lowered_operation(each) for each in updates])
        advance = tf.assign_add(step, 1)
        threads = tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
        with tf.Session(config=threads) as session:
            session.run(tf.global_variables_initializer())
            masters = {each.name.split(":")[0]: each for each in tf.global_variables()}
            for each in graph.trainable_variables:
                master = masters[each.name]
                value = start(each.name, [dim.size for dim in each.shape.dims])
                master.load(value.astype(master.dtype.base_dtype.as_numpy_dtype), session)
            session.run(lowering.copy_masters_to_slices())
            found = []
            for rows in tokens[: steps if mode == "train" else 1]:
                feed = {inputs: rows[:, :-1], labels: rows[:, 1:]}
                found.append(session.run(wanted, feed))
                session.run(train, feed)
                session.run(advance)
    return parts, found


def rounded(x):
    return float("%.8g" % x) if np.isfinite(x) else None


path = pathlib.Path(__file__).parent.parent / "fixtures/goldens/variants.json"
record = json.loads(path.read_text())
for case in record["variants"]:
    if len(sys.argv) > 2 and case["case"] not in sys.argv[2:]:
        continue
    config = case["config"]
    shape = (len(case["loss"]), config["train_batch_size"], config["n_ctx"] + 1)
    tokens = np.random.RandomState(1000).randint(1, config["n_vocab"], shape).astype(np.int32)
    parts, found = run(config, tokens, "train")
    _, evaluated = run(config, tokens, "eval")
    case.update(num_microbatches=parts, loss=[rounded(each["loss"]) for each in found],
                learning_rate=[rounded(each["rate"]) for each in found], grad_norm=[rounded(each["norm"]) for each in found],
                eval_loss=rounded(evaluated[0]["loss"]))
    print(case["case"], case["loss"])
path.write_text(json.dumps(record, separators=(",", ":")))
