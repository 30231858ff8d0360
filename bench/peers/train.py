"""One peer trains one shape for a few steps; one line of JSON on stdout.

    .venv-peers/bin/python bench/peers/train.py --shape teach --impl jax --steps 8

All peers start from the same weights, read the same tokens and make the same update, so their losses agree.
"""
import peers_common as common
import time

ap = common.parser(__doc__)
ap.add_argument("--impl", required=True, choices=["hf", "hf-compile", "torch", "torch-compile", "jax", "jax-scan"])
ap.add_argument("--shape", default="teach", choices=list(common.SHAPES))
ap.add_argument("--steps", type=int, default=8, help="timed steps")
ap.add_argument("--warmup", type=int, default=1, help="steps before them; the first one compiles")
ap.add_argument("--dtype", default="f32", choices=["f32", "bf16"], help="bf16: float32 weights and update, bfloat16 products")
ap.add_argument("--adam", default="fused", choices=["fused", "default"], help="torch.optim.AdamW's implementation")
args = common.begin(ap)
if args.warmup < 1 or args.steps < 1:
    ap.error("--steps and --warmup are at least 1")
shape = common.SHAPES[args.shape]

if args.impl.startswith("jax"):
    import jax_model
    libraries = ("jax", "jaxlib", "numpy")
    step = jax_model.train_step(shape, args.dtype, args.impl == "jax-scan")
else:
    import torch
    import torch_model
    torch.set_num_threads(args.threads)
    libraries = ("torch", "transformers", "numpy") if args.impl.startswith("hf") else ("torch", "numpy")
    step = torch_model.train_step(args.impl, shape, args.dtype, args.adam, args.device)

ready_s = time.perf_counter() - common.START
losses, warm, clock = [], common.Clock(), common.Clock()
for i in range(args.warmup + args.steps):
    batch = common.tokens(shape, i)
    losses.append((warm if i < args.warmup else clock).time(lambda: step(batch)))

tokens = shape["batch"] * shape["ctx"]
common.emit(args, impl=args.impl, shape=args.shape, dtype=args.dtype, step_ms=clock.ms, tokens_per_step=tokens,
            first_step_s=round(warm.ms[0] / 1e3, 3), ready_s=round(ready_s, 3), cpu_ms=clock.cpu_ms, others_cores=clock.others,
            gflop_per_step=round(tokens * common.flops_per_token(shape) / 1e9, 2),
            loss_first=losses[0], loss_last=losses[-1], losses=[round(x, 6) for x in losses],
            **({} if args.impl.startswith("jax") else {"adam": args.adam}), versions=common.versions(*libraries))
