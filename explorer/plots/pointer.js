// Writes the value under the pointer on every map, and marks the place on all of them.

function print(value) {
  if (value < 0) return `−${print(-value)}`
  if (value == 0 || value >= 0.01 && value < 1e4) return Number(value.toPrecision(3)).toString()
  const exponent = Math.floor(Math.log10(value))
  return `${(value / 10 ** exponent).toFixed(2)} × ${power_of_ten(exponent)}`
}

function value_at(map, x, y) {
  const column = Math.floor((x - map.x0) / (map.x1 - map.x0) * map.nx)
  const row = Math.floor((y - map.y0) / (map.y1 - map.y0) * map.ny)
  if (column < 0 || column >= map.nx || row < 0 || row >= map.ny) return null
  const value = value_of(map, map.codes[row * map.nx + column])
  return Number.isNaN(value) ? null : value
}

function in_unit(number, unit) {
  return unit == "1" ? print(number) : `${print(number)} ${unit}`
}

function describe(state, i, x, y) {
  const map = state.shown?.[i]
  const value = map == null ? null : value_at(map, x, y)
  if (value == null) return ""
  const words = in_unit(value * state.factors[i], state.units[i])
  return map.reduction > 1.05 ? `${words}  (mean of ${map.reduction.toFixed(1)}² pixels)` : words
}

function describe_contrast(state, x, y) {
  const maps = state.compared.map((i) => state.shown?.[i])
  if (state.contrast == "" || maps.length == 0 || maps.some((map) => map == null)) return ""
  const [truth, other] = maps.map((map) => value_at(map, x, y))
  if (truth == null || other == null) return ""
  if (state.contrast == "difference") {
    const [first] = state.compared
    return in_unit((other - truth) * state.factors[first], state.units[first])
  }
  if (truth == 0 || other == 0) return "one of them is zero"
  const dex = Math.log10(other / truth)
  return `${dex < 0 ? "−" : "+"}${Math.abs(dex).toFixed(2)} dex, × ${print(other / truth)}`
}

export default ({state, figures, readouts, lines}, event) => {
  const here = event.event_name == "mousemove"
  const {x, y, origin} = event
  figures.forEach((figure, i) => {
    let text = ""
    if (here) text = figure.name == "contrast" ? describe_contrast(state, x, y) : describe(state, i, x, y)
    if (text != "" && origin == figure) {
      const [column, row] = state.axes
      const [u, v] = [x, y].map((place) => (place * state.length).toFixed(3))
      text += `\n${column} ${u}   ${row} ${v} ${state.length_unit}`
    }
    readouts[i].setv({text, visible: text != ""})
    for (const line of lines[i]) {
      line.setv({location: line.dimension == "width" ? y : x, visible: here})
    }
  })
}
