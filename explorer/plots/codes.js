// What a code of a map stands for (codes.py); put before the scripts that need it.

function value_of({floor, step, softening}, code) {
  if (code == 0) return softening > 0 ? NaN : 0
  const place = floor + (code - 1) * step
  return softening > 0 ? softening * Math.sinh(place) : 10 ** place
}
