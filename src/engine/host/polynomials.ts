/**
 * Coefficients of functions of f32, the highest power first.
 * Sources: S. L. Moshier, Cephes, single/expf.c, logf.c and sinf.c; Eigen, MathFunctionsImpl.h (rational tanh).
 */

/** ln 2 as a number of few bits, whose products with small integers are exact, and the rest. */
export const LN2_HIGH = 0.693359375
export const LN2_LOW = -2.12194440054690583e-4

/** e^r = 1 + r + r^2 P(r), of r from -ln 2 / 2 to ln 2 / 2. */
export const EXP = [1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1]

/** ln(1 + f) = f - f^2 / 2 + f^3 P(f), of 1 + f from sqrt(1/2) to sqrt(2). */
export const LOG = [
  7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
  2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
]

/** Beyond it, tanh is 1 in f32. */
export const TANH_BOUND = 7.90531110763549805
/** tanh(x) = x ABOVE(x^2) / BELOW(x^2). */
export const TANH_ABOVE = [
  -2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-8, 1.48572235717979e-5,
  6.37261928875436e-4, 4.89352455891786e-3,
]
export const TANH_BELOW = [1.19825839466702e-6, 1.18534705686654e-4, 2.268434632439e-3, 4.89352518554385e-3]
