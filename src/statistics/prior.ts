/** Shares of live objects by size: the mean of exact profiles of several programs (bench/calibration/prior.mjs). */
const USUAL_SIZES: readonly (readonly [size: number, share: number])[] = [
  [16, 0.099],
  [24, 0.17],
  [32, 0.18],
  [40, 0.19],
  [48, 0.036],
  [56, 0.12],
  [64, 0.049],
  [72, 0.017],
  [80, 0.017],
  [88, 0.0032],
  [96, 0.028],
  [104, 0.021],
  [112, 0.01],
  [120, 0.0047],
  [128, 0.0015],
  [136, 0.00033],
  [144, 0.00053],
  [152, 0.015],
  [160, 0.008],
  [168, 0.012],
  [176, 0.00012],
  [184, 0.000099],
  [192, 0.00029],
  [200, 0.0028],
  [208, 0.0028],
  [216, 0.00016],
  [224, 0.00014],
  [232, 0.00011],
  [240, 0.0028],
  [248, 0.00011],
  [256, 0.001],
  [264, 0.00012],
  [272, 0.00013],
  [280, 0.00016],
  [288, 0.000098],
  [296, 0.000086],
  [304, 0.000064],
  [312, 0.000038],
  [320, 0.00015],
  [328, 0.000069],
  [336, 0.000093],
  [352, 0.000039],
  [368, 0.000038],
  [376, 0.000057],
  [384, 0.00011],
  [392, 0.00004],
  [440, 0.000042],
  [448, 0.000086],
  [464, 0.000032],
  [472, 0.0001],
  [512, 0.000086],
  [560, 0.000032],
  [576, 0.000043],
  [584, 0.000033],
  [640, 0.000071],
  [704, 0.00011],
  [768, 0.00004],
  [832, 0.00004],
  [1000, 0.000086],
  [1024, 0.000051],
  [1152, 0.000049],
  [1280, 0.000033],
  [1392, 0.000056],
  [2016, 0.000031],
  [2304, 0.000058],
  [2880, 0.00004],
  [3496, 0.000081],
  [4016, 0.00011],
  [9088, 0.000054],
  [14376, 0.00012],
]

const shares = new Map(USUAL_SIZES)

/** Share of live objects that are of `size` bytes, before anything is known of a program. The tail is for sizes unheard of. */
export function sizePrior(size: number): number {
  return (shares.get(size) ?? 0) + (0.02 * 16) / (size * size)
}

/** Mean of `f` over the prior. */
export function expectedPrior(f: (size: number) => number): number {
  let sum = 0
  for (const [size, share] of shares) sum += share * f(size)
  // The tail in steps that double: each octave of multiples of 8 from 2^k on weighs 0.02 * 16 / (2^k * 16).
  for (let size = 16; size < 2 ** 40; size *= 2) sum += (0.02 / size) * f(size * 1.4)
  return sum
}
