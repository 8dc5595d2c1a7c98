// Tells the server percentiles of what is in view, shared by the positive maps of a group: in the
// unit of the maps' file, for by the time they arrive another stretch or unit may be shown.

const BINS = 1000  // to a dex
const LOWEST = -40 // dex
const NONE = -99   // dex that stand for no positive pixel

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

export default ({state, part, x_range, y_range}) => {
  const shown = state.shown ?? []
  const limits = [...new Set(state.groups)].flatMap((group) => {
    const of_it = (map, i) => map != null && state.groups[i] == group && map.softening == 0
    return percentiles(shown.filter(of_it), part, {x_range, y_range}) ?? [NONE, NONE]
  })
  state.limits = [...limits, (state.limits.at(-1) ?? 0) + 1]
}
