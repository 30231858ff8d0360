"""What the peers share: shapes, the counter hash behind weights and tokens, measuring, and the one JSON line.

Import this module before anything heavy: it starts the clock and, with --malloc keep, restarts the process.
The hash and its uses are written down in README.md, so that another language can make the same numbers.
"""
import argparse
import json
import os
import platform
import resource
import sys
import time

START = time.perf_counter()

SHAPES = {  # the sizes of bench: layers, width, heads, context, vocabulary, batch; layers alternate global, local
    "tiny": dict(layers=2, embd=64, heads=2, ctx=512, vocab=512, batch=2),  # only to check that things run
    "teach": dict(layers=4, embd=256, heads=8, ctx=256, vocab=8192, batch=16),
    "small": dict(layers=6, embd=384, heads=6, ctx=512, vocab=16384, batch=8),
    "125m": dict(layers=12, embd=768, heads=12, ctx=1024, vocab=50304, batch=2),
    # for a GPU: as 125m, and GPT-2's own attention, which nanoGPT and fused kernels have
    "125m-gpu": dict(layers=12, embd=768, heads=12, ctx=1024, vocab=50304, batch=32),
    "gpt2-gpu": dict(layers=12, embd=768, heads=12, ctx=1024, vocab=50304, batch=32, local=False),
}
RADIUS = 256  # a local layer sees this many positions, its own included
ADAMW = dict(lr=1e-3, beta1=0.9, beta2=0.95, eps=1e-8, weight_decay=0.1, clip=1.0)
# glibc hands big buffers back to the system and faults in fresh pages at the next step; this makes it keep them
KEEP = ("glibc.malloc.arena_max=1:glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=17179869184:"
        "glibc.malloc.top_pad=268435456")


# ---- command line -----------------------------------------------------------------------------------------------

def parser(doc):
    ap = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="CPUs to use (default: all)")
    ap.add_argument("--malloc", choices=["default", "keep"], default=os.environ.get("PEER_MALLOC", "default"),
                    help="keep: glibc keeps freed memory (GLIBC_TUNABLES); the environment's PEER_MALLOC=keep does the same")
    ap.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="cuda: the first GPU")
    return ap


def begin(ap):
    """Parses the arguments and fixes threads and malloc, which must happen before any library is loaded."""
    args = ap.parse_args()
    if args.malloc not in ("default", "keep"):
        ap.error(f"PEER_MALLOC is default or keep, not {args.malloc}")
    if args.threads < 1:
        ap.error("--threads is at least 1")
    if args.malloc == "keep" and os.environ.get("GLIBC_TUNABLES") != KEEP:
        sys.stdout.flush()
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "GLIBC_TUNABLES": KEEP})
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:args.threads])
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NPROC", "RAYON_NUM_THREADS"):
        os.environ[name] = str(args.threads)
    os.environ["TOKENIZERS_PARALLELISM"] = "true"
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["JAX_PLATFORMS"] = args.device
    if args.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    os.environ.setdefault("TORCHINDUCTOR_FORCE_DISABLE_CACHES", "1")  # the first step is a cold compile
    return args


# ---- weights and tokens -----------------------------------------------------------------------------------------

def hash32(i, seed):
    """i: uint32 array -> uint32 array. All arithmetic modulo 2^32."""
    import numpy as np
    u = np.uint32
    x = i + u(seed * 0x9E3779B9 & 0xFFFFFFFF)
    x = (x ^ (x >> u(16))) * u(0x7FEB352D)
    x = (x ^ (x >> u(15))) * u(0x846CA68B)
    return x ^ (x >> u(16))


def uniform(n, seed):
    """n float64 numbers in [0, 1): hash32(i, seed) / 2^32 for i = 0 .. n-1."""
    import numpy as np
    out = np.empty(n)
    for a in range(0, n, 1 << 20):  # by parts: small temporaries
        i = np.arange(a, min(n, a + (1 << 20)), dtype=np.uint32)
        out[a:a + len(i)] = hash32(i, seed)
    return out * 2.0 ** -32


def tokens(shape, step, length=None):
    """int64 [batch, length], by default ctx+1 long: low ids come more often, so there is something to learn."""
    import numpy as np
    size = (shape["batch"], length or shape["ctx"] + 1)
    u = uniform(size[0] * size[1], 777 + step)
    return np.floor(shape["vocab"] * u * u * u).astype(np.int64).reshape(size)


def variables(shape):
    """[(GPT-Neo name, dims)], in GPT-Neo's order of creation: the position in this list is the tensor's seed."""
    D, F = shape["embd"], 4 * shape["embd"]
    out = [("gpt2/wte", (shape["vocab"], D)), ("gpt2/wpe", (shape["ctx"], D))]
    for n in range(shape["layers"]):
        out += [(f"gpt2/h{n}/{name}", dims) for name, dims in (
            ("norm_1/g", (D,)), ("norm_1/b", (D,)), ("attn/q", (D, D)), ("attn/k", (D, D)), ("attn/v", (D, D)),
            ("attn/o", (D, D)), ("attn/compute_output_bias/o_b", (D,)), ("norm_2/g", (D,)), ("norm_2/b", (D,)),
            ("mlp/conv1d_main/c_fc/kernel", (D, F)), ("mlp/conv1d_main/c_fc/bias", (F,)),
            ("mlp/conv1d_main/c_proj/kernel", (F, D)), ("mlp/conv1d_main/c_proj/bias", (D,)))]
    return out + [("gpt2/ln_f/g", (D,)), ("gpt2/ln_f/b", (D,))]


def weights(shape):
    """GPT-Neo name -> float32 array: kernels and tables uniform with standard deviation 0.02, gains 1, the rest 0."""
    import numpy as np
    out = {}
    for seed, (name, dims) in enumerate(variables(shape)):
        if len(dims) == 2:
            u = uniform(dims[0] * dims[1], seed)
            out[name] = ((2 * u - 1) * (0.02 * 3 ** 0.5)).astype(np.float32).reshape(dims)
        else:
            out[name] = (np.ones if name.endswith("/g") else np.zeros)(dims, np.float32)
    return out


def layer(all_weights, n):
    """One layer's weights under short names."""
    short = {"norm_1/g": "g1", "norm_1/b": "b1", "attn/q": "q", "attn/k": "k", "attn/v": "v", "attn/o": "o",
             "attn/compute_output_bias/o_b": "ob", "norm_2/g": "g2", "norm_2/b": "b2",
             "mlp/conv1d_main/c_fc/kernel": "fc", "mlp/conv1d_main/c_fc/bias": "fcb",
             "mlp/conv1d_main/c_proj/kernel": "proj", "mlp/conv1d_main/c_proj/bias": "projb"}
    return {to: all_weights[f"gpt2/h{n}/{name}"] for name, to in short.items()}


def is_local(n, shape):
    return shape.get("local", True) and n % 2 == 1


def flops_per_token(shape):
    """Training FLOPs a token: 6 a parameter (positions left out) + 12 L D ctx for attention, masked pairs included."""
    D, L = shape["embd"], shape["layers"]
    n = shape["vocab"] * D + L * (12 * D * D + 10 * D) + 2 * D
    return 6 * n + 12 * L * D * shape["ctx"]


# ---- measuring --------------------------------------------------------------------------------------------------

def peak_mb(field="VmHWM"):
    with open("/proc/self/status") as f:
        return next(int(x.split()[1]) / 1024 for x in f if x.startswith(field + ":"))


def reset_peak():
    with open("/proc/self/clear_refs", "w") as f:
        f.write("5")


def device_mb(args):
    """Highest memory of the GPU that arrays and temporaries had, in MB, as the loaded library counts it; None on a CPU."""
    if args.device == "cpu":
        return None
    if "torch" in sys.modules:
        return round(sys.modules["torch"].cuda.max_memory_allocated() / 2**20, 1)
    return round(sys.modules["jax"].devices()[0].memory_stats()["peak_bytes_in_use"] / 2**20, 1)


def _busy():
    """(wall s, CPU s of the whole machine, CPU s of this process)"""
    with open("/proc/stat") as f:
        user, nice, system, _idle, _wait, irq, soft, steal = (int(x) for x in f.readline().split()[1:9])
    r = resource.getrusage(resource.RUSAGE_SELF)
    return (time.perf_counter(), (user + nice + system + irq + soft + steal) / os.sysconf("SC_CLK_TCK"),
            r.ru_utime + r.ru_stime)


class Clock:
    """Durations, with the CPU time they took and the cores that other processes kept busy meanwhile."""

    def __init__(self):
        self.ms, self.cpu_ms, self.others = [], [], []

    def time(self, fn):
        t0, all0, own0 = _busy()
        out = fn()
        t1, all1, own1 = _busy()
        self.ms.append(round((t1 - t0) * 1e3, 3))
        self.cpu_ms.append(round((own1 - own0) * 1e3, 1))
        self.others.append(round(max(0.0, (all1 - all0) - (own1 - own0)) / max(t1 - t0, 1e-9), 2))
        return out


def versions(*names):
    from importlib.metadata import version
    return {"python": platform.python_version(), **{n: version(n) for n in names}}


def emit(args, **fields):
    fields |= dict(threads=args.threads, malloc=args.malloc, device=args.device, device_mb=device_mb(args),
                   peak_mb=round(peak_mb(), 1))
    print(json.dumps(fields), flush=True)
