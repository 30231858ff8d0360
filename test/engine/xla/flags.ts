/** For programs that run a few times: LLVM's optimisations are left out, XLA's are not. Compiles in two thirds of the time. */
export const QUICKLY = { xla_backend_optimization_level: 0 } as const
