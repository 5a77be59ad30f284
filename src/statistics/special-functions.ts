// Special functions of statistics (A. and S.: Abramowitz and Stegun). Relative accuracy about 1e-12, 1e-9 for
// large arguments. Written here: jstat's beta function is good to 1e-7 only, and @stdlib's load 367 files.

const HALF_LOG_2PI = 0.5 * Math.log(2 * Math.PI)
/** Above this the series are too long, and the normal expansions good to 1e-9. */
const LARGE = 1e5
const EPSILON = 1e-16
const TINY = 1e-300

/** Natural logarithm of the gamma function, x > 0. Above 15 Stirling's series (A. and S. 6.1.41). */
export function logGamma(x: number): number {
  let shift = 0
  let z = x
  if (z < 15) {
    let product = 1
    while (z < 15) product *= z++
    shift = Math.log(product)
  }
  const w = 1 / (z * z)
  const series =
    (1 / 12 - w * (1 / 360 - w * (1 / 1260 - w * (1 / 1680 - w * (1 / 1188 - (w * 691) / 360360))))) / z
  return (z - 0.5) * Math.log(z) - z + HALF_LOG_2PI + series - shift
}

/** Lower and upper tail, [P, Q], of the gamma distribution of shape `a` (scale 1) at `x`. For a up to 1e5. */
export function incompleteGamma(a: number, x: number): [number, number] {
  if (x <= 0) return [0, 1]
  const front = Math.exp(a * Math.log(x) - x - logGamma(a))
  if (x < a + 1) {
    let term = 1 / a
    let sum = term
    for (let n = a + 1; term > sum * EPSILON; n++) sum += term *= x / n
    return [front * sum, 1 - front * sum]
  }
  const q = front * gammaFraction(a, x)
  return [1 - q, q]
}

/** Lentz's evaluation of the continued fraction of Q(a, x) (A. and S. 6.5.31). */
function gammaFraction(a: number, x: number): number {
  let b = x + 1 - a
  let c = 1 / TINY
  let d = 1 / b
  let h = d
  for (let i = 1; i < 100_000; i++) {
    const an = -i * (i - a)
    b += 2
    d = an * d + b
    d = 1 / (Math.abs(d) < TINY ? TINY : d)
    c = b + an / c
    if (Math.abs(c) < TINY) c = TINY
    h *= d * c
    if (Math.abs(d * c - 1) < EPSILON * 4) break
  }
  return h
}

/** Quantile of the standard normal distribution, 0 < p < 1: Acklam's approximation, refined by Halley's. */
export function normalQuantile(p: number): number {
  if (p <= 0) return -Infinity
  if (p >= 1) return Infinity
  if (p > 0.5) return -normalQuantile(1 - p)
  let x: number
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p))
    x =
      (((((-7.784894002430293e-3 * q - 0.3223964580411365) * q - 2.400758277161838) * q - 2.549732539343734) *
        q +
        4.374664141464968) *
        q +
        2.938163982698783) /
      ((((7.784695709041462e-3 * q + 0.3224671290700398) * q + 2.445134137142996) * q + 3.754408661907416) *
        q +
        1)
  } else {
    const q = p - 0.5
    const r = q * q
    x =
      ((((((-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687) * r + 138.357751867269) * r -
        30.66479806614716) *
        r +
        2.506628277459239) *
        q) /
      (((((-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866) * r + 66.80131188771972) * r -
        13.28068155288572) *
        r +
        1)
  }
  const e = normalTail(-x) - p
  const u = e * Math.sqrt(2 * Math.PI) * Math.exp((x * x) / 2)
  return x - u / (1 + (x * u) / 2)
}

/** Probability that a standard normal variable exceeds `z`. */
export function normalTail(z: number): number {
  const [p, q] = incompleteGamma(0.5, (z * z) / 2)
  return z >= 0 ? q / 2 : (1 + p) / 2
}

/** Quantile of the gamma distribution, shape `a` > 0, scale 1. chi2(p; df) = 2 gammaQuantile(p, df / 2). */
export function gammaQuantile(p: number, a: number): number {
  if (p <= 0) return 0
  const z = normalQuantile(p)
  if (a > LARGE) return gammaExpansion(z, a)
  // Wilson and Hilferty's cube, or the first term of the series where that is no start.
  const cube = 1 - 1 / (9 * a) + z / (3 * Math.sqrt(a))
  let x = a * cube ** 3
  if (cube < 0.2) x = Math.exp((Math.log(p) + logGamma(a + 1)) / a)
  const logA = logGamma(a)
  for (let i = 0; i < 60; i++) {
    if (x < TINY) return x
    const [lower, upper] = incompleteGamma(a, x)
    const error = p < 0.5 ? lower - p : 1 - p - upper
    const density = Math.exp((a - 1) * Math.log(x) - x - logA)
    const u = error / density
    // Halley's step, kept above half the way to 0.
    let next = x - u / (1 - 0.5 * Math.min(1, u * ((a - 1) / x - 1)))
    if (!(next > 0)) next = x / 2
    if (Math.abs(next - x) <= 1e-14 * x) return next
    x = next
  }
  return x
}

/** Cornish and Fisher's expansion of the gamma quantile (A. and S. 26.2.49) for large shapes. */
function gammaExpansion(z: number, a: number): number {
  const s = Math.sqrt(a)
  return a + s * z + (z * z - 1) / 3 + (z ** 3 - 7 * z) / (36 * s) - (3 * z ** 4 + 7 * z * z - 16) / (810 * a)
}

/**
 * Regularised incomplete beta function I_x(a, b), a >= 0, b >= 0: I_x(0, b) = 1, I_x(a, 0) = 0.
 * Lentz's continued fraction (A. and S. 26.5.8); Peizer and Pratt's normal deviate above a + b = 1e6.
 */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (a <= 0) return 1
  if (b <= 0) return 0
  if (x <= 0) return 0
  if (x >= 1) return 1
  if (a + b > 1e6 && a > 1 && b > 1) return betaNormal(x, a, b)
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x))
  if (x < (a + 1) / (a + b + 2)) return Math.min(1, (front * betaFraction(x, a, b)) / a)
  return Math.max(0, 1 - (front * betaFraction(1 - x, b, a)) / b)
}

function betaFraction(x: number, a: number, b: number): number {
  const floor = (v: number) => (Math.abs(v) < TINY ? TINY : v)
  let c = 1
  let d = 1 / floor(1 - ((a + b) * x) / (a + 1))
  let h = d
  for (let m = 1; m < 100_000; m++) {
    const m2 = 2 * m
    const even = (m * (b - m) * x) / ((a - 1 + m2) * (a + m2))
    d = 1 / floor(1 + even * d)
    c = floor(1 + even / c)
    h *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + m2) * (a + 1 + m2))
    d = 1 / floor(1 + odd * d)
    c = floor(1 + odd / c)
    h *= d * c
    if (Math.abs(d * c - 1) < EPSILON * 4) break
  }
  return h
}

/** Peizer and Pratt (1968): the binomial P(X <= s), X of n = s + t tries at p, as a normal deviate. */
function betaNormal(x: number, a: number, b: number): number {
  // I_x(a, b) = P(X >= a), X binomial of a + b - 1 tries at x = P(Y <= b - 1), Y binomial at 1 - x.
  const n = a + b - 1
  const s = b - 0.5
  const t = a - 0.5
  const p = 1 - x
  const d = b - 1 + 2 / 3 - (n + 1 / 3) * p + 0.02 * (x / b - p / a + (x - 0.5) / (n + 1))
  const deviance = 2 * (s * logRatio(s, n * p) + t * logRatio(t, n * x))
  const z = (d / Math.abs(s - n * p || TINY)) * Math.sqrt(Math.max(0, deviance) / (1 + 1 / (6 * n)))
  return normalTail(-z)
}

function logRatio(value: number, expected: number): number {
  return Math.log1p((value - expected) / expected)
}

/** Two-sided p-value of Student's t with `df` degrees of freedom. */
export function studentTail(t: number, df: number): number {
  return incompleteBeta(df / (df + t * t), df / 2, 0.5)
}
