// Writes the value under the pointer on every map, and marks the place on all of them.

const SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹"

function power(exponent) {
  const figures = [...String(Math.abs(exponent))].map((figure) => SUPERSCRIPT[figure]).join("")
  return `10${exponent < 0 ? "⁻" : ""}${figures}`
}

function print(value) {
  if (value < 0) return `−${print(-value)}`
  if (value == 0 || value >= 0.01 && value < 1e4) return Number(value.toPrecision(3)).toString()
  const exponent = Math.floor(Math.log10(value))
  return `${(value / 10 ** exponent).toFixed(2)} × ${power(exponent)}`
}

function value_at(map, x, y) {
  const column = Math.floor((x - map.x0) / (map.x1 - map.x0) * map.nx)
  const row = Math.floor((y - map.y0) / (map.y1 - map.y0) * map.ny)
  if (column < 0 || column >= map.nx || row < 0 || row >= map.ny) return null
  const code = map.codes[row * map.nx + column]
  return code == 0 ? 0 : 10 ** (map.floor + (code - 1) * map.step)
}

function describe(feed, i, x, y) {
  const map = feed.shown?.[i]
  const value = map == null ? null : value_at(map, x, y)
  if (value == null) return ""
  const words = `${print(value * feed.factors[i])} ${feed.units[i]}`
  return map.reduction > 1.05 ? `${words}  (mean of ${map.reduction.toFixed(1)}² pixels)` : words
}

function describe_contrast(feed, x, y) {
  const maps = [feed.shown?.[feed.first], feed.shown?.[feed.against]]
  if (feed.contrast == "" || maps.some((map) => map == null)) return ""
  const [truth, other] = maps.map((map) => value_at(map, x, y))
  if (truth == null || other == null) return ""
  if (feed.contrast == "difference") {
    const factor = feed.factors[feed.first]
    return `${print((other - truth) * factor)} ${feed.units[feed.first]}`
  }
  if (truth == 0 || other == 0) return "one of them is zero"
  const dex = Math.log10(other / truth)
  return `${dex < 0 ? "−" : "+"}${Math.abs(dex).toFixed(2)} dex, × ${print(other / truth)}`
}

export default ({feed, figures, readouts, lines}, event) => {
  const here = event.event_name == "mousemove"
  const {x, y, origin} = event
  figures.forEach((figure, i) => {
    let text = ""
    if (here) text = figure.name == "contrast" ? describe_contrast(feed, x, y) : describe(feed, i, x, y)
    if (text != "" && origin == figure) {
      const [column, row] = feed.axes
      const [u, v] = [x, y].map((place) => (place * feed.length).toFixed(3))
      text += `\n${column} ${u}   ${row} ${v} ${feed.length_unit}`
    }
    readouts[i].setv({text, visible: text != ""})
    for (const line of lines[i]) {
      line.setv({location: line.dimension == "width" ? y : x, visible: here})
    }
  })
}
