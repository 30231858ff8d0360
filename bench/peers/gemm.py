"""Matrix products of one size: the ceiling that training can be held against; one line of JSON on stdout.

    .venv-peers/bin/python bench/peers/gemm.py --impl jax --size 1024,1024,1024

[m, k] times [k, n], given as m,k,n. gflops is that of the median run.
"""
import peers_common as common
import statistics

ap = common.parser(__doc__)
ap.add_argument("--impl", required=True, choices=["numpy", "torch", "jax"])
ap.add_argument("--size", default="1024,1024,1024")
ap.add_argument("--runs", type=int, default=20)
ap.add_argument("--dtype", default="f32", choices=["f32", "bf16"])
args = common.begin(ap)
import numpy as np
m, k, n = (int(x) for x in args.size.split(","))
a, b = ((common.uniform(x * y, s) - 0.5).astype(np.float32).reshape(x, y) for s, (x, y) in enumerate([(m, k), (k, n)]))
if args.impl == "numpy":
    if args.dtype == "bf16":
        ap.error("NumPy has no bf16")
    out = np.empty((m, n), np.float32)
    run = lambda: np.matmul(a, b, out=out)
elif args.impl == "torch":
    import torch
    torch.set_num_threads(args.threads)
    kind = torch.bfloat16 if args.dtype == "bf16" else torch.float32
    ta, tb, out = torch.from_numpy(a).to(kind), torch.from_numpy(b).to(kind), torch.empty(m, n, dtype=kind)
    run = lambda: torch.matmul(ta, tb, out=out)
else:
    import jax
    import jax.numpy as jnp
    kind = jnp.bfloat16 if args.dtype == "bf16" else jnp.float32
    ja, jb, f = jnp.asarray(a, kind), jnp.asarray(b, kind), jax.jit(jnp.matmul)
    run = lambda: f(ja, jb).block_until_ready()

run()
clock = common.Clock()
for _ in range(args.runs):
    clock.time(run)
common.emit(args, impl=args.impl, size=[m, k, n], dtype=args.dtype, run_ms=clock.ms, others_cores=clock.others,
            gflops=round(2e-6 * m * k * n / statistics.median(clock.ms), 1),
            versions=common.versions(*(("jax", "jaxlib") if args.impl == "jax" else (args.impl,))))
