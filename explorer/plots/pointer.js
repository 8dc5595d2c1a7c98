// Writes the value under the pointer on every map, and marks the place on all of them.

const SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹"

function power(exponent) {
  const figures = [...String(Math.abs(exponent))].map((figure) => SUPERSCRIPT[figure]).join("")
  return `10${exponent < 0 ? "⁻" : ""}${figures}`
}

function print(dex) {
  if (dex >= -2 && dex < 4) return Number((10 ** dex).toPrecision(3)).toString()
  const exponent = Math.floor(dex)
  return `${(10 ** (dex - exponent)).toFixed(2)} × ${power(exponent)}`
}

function value_at(source, x, y) {
  const {image: [dex], x: [x0], y: [y0], dw: [dw], dh: [dh]} = source.data
  const [ny, nx] = dex.shape
  const column = Math.floor((x - x0) / dw * nx)
  const row = Math.floor((y - y0) / dh * ny)
  if (column < 0 || column >= nx || row < 0 || row >= ny) return null
  return dex[row * nx + column]
}

function describe(source, unit, x, y, EMPTY) {
  const dex = source.tags.length > 0 ? value_at(source, x, y) : null
  if (dex == null) return ""
  const value = `${dex == EMPTY ? "0" : print(dex)} ${unit}`
  const [reduction] = source.tags
  return reduction > 1.05 ? `${value}  (mean of ${reduction.toFixed(1)}² pixels)` : value
}

export default ({feed, figures, sources, readouts, lines, EMPTY}, event) => {
  const here = event.event_name == "mousemove"
  figures.forEach((figure, i) => {
    let text = here ? describe(sources[i], feed.units[i], event.x, event.y, EMPTY) : ""
    if (text != "" && event.origin == figure) {
      const [column, row] = feed.axes
      text += `\n${column} ${event.x.toFixed(3)}   ${row} ${event.y.toFixed(3)} cMpc/h`
    }
    readouts[i].setv({text, visible: text != ""})
    for (const line of lines[i]) {
      line.setv({location: line.dimension == "width" ? event.y : event.x, visible: here})
    }
  })
}
