// Sets colour limits to percentiles of what is in view, shared by the positive maps of a group.

const BINS = 1000  // to a dex
const LOWEST = -40 // dex

function* in_view(map, {x_range, y_range}) {
  const pixel = (low, edge, end, n) => Math.floor((low - edge) / (end - edge) * n)
  const clip = (i, n) => Math.min(Math.max(i, 0), n - 1)
  const [left, right] = [x_range.start, x_range.end].map((x) => clip(pixel(x, map.x0, map.x1, map.nx), map.nx))
  const [low, high] = [y_range.start, y_range.end].map((y) => clip(pixel(y, map.y0, map.y1, map.ny), map.ny))
  for (let row = low; row <= high; row++) {
    yield map.codes.subarray(row * map.nx + left, row * map.nx + right + 1)
  }
}

// log10 of the two percentiles of the positive pixels of maps, to a thousandth of a dex.
function percentiles(maps, part, place) {
  const counts = new Uint32Array(60 * BINS)
  let total = 0
  for (const map of maps) {
    const {floor, step} = map
    for (const codes of in_view(map, place)) {
      for (const code of codes) {
        if (code == 0) continue
        counts[Math.round((floor + (code - 1) * step - LOWEST) * BINS)] += 1
        total += 1
      }
    }
  }
  if (total == 0) return null
  const at = (fraction) => {
    const wanted = Math.min(Math.max(fraction * total, 1), total)
    let sum = 0
    return counts.findIndex((count) => (sum += count) >= wanted) / BINS + LOWEST
  }
  return part.map(at)
}

function place_of(dex, state, i) {
  const value = state.factors[i] * 10 ** dex
  if (state.stretch == "asinh") return Math.asinh(value / state.softenings[i]) / Math.LN10
  return state.stretch == "linear" ? value : Math.log10(value)
}

export default ({state, part, x_range, y_range}, _, sliders) => {
  const shown = state.shown ?? []
  for (const [group, slider] of Object.entries(sliders)) {
    const of_it = (map, i) => map != null && state.groups[i] == group && map.softening == 0
    const found = percentiles(shown.filter(of_it), part, {x_range, y_range})
    if (found == null) continue
    const first = state.groups.indexOf(group)
    const [low, high] = found.map((dex) => place_of(dex, state, first))
    const data = slider.data ?? slider
    data.setv({
      start: Math.min(data.start, low), end: Math.max(data.end, high), value: [low, high],
    })
  }
}
