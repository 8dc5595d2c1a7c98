// Draws the maps that were fetched: stretched for the colours, compared, and lit where asked.
//
// A map's 16-bit codes become colours through one table of 65536 values, so that another
// stretch or another unit is a redraw of what is here and never a request.

const CODES = 65536

const STRETCH = {
  log: (v, softening, EMPTY) => v > 0 ? Math.log10(v) : EMPTY,
  asinh: (v, softening) => Math.asinh(v / softening) / Math.LN10,
  linear: (v) => v,
}

// Values of all codes, in the unit shown; kept as long as the maps have the same scale.
function table(state, map, i, stretch, EMPTY) {
  const [factor, softening] = [state.factors[i], state.softenings[i]]
  const key = [map.floor, map.step, map.softening, factor, stretch, softening].join()
  const tables = state.tables ??= new Map()
  if (tables.size > 12) tables.clear()
  if (!tables.has(key)) {
    const values = new Float64Array(CODES)
    for (let code = 0; code < CODES; code++) {
      values[code] = STRETCH[stretch](factor * value_of(map, code), softening, EMPTY)
    }
    tables.set(key, values)
  }
  return tables.get(key)
}

function clear(source, EMPTY) {
  if (source.painted == "") return
  source.painted = ""
  const NDArray = source.data.image[0].constructor
  source.tags = []
  source.data = {image: [new NDArray([EMPTY], [1, 1])], x: [0], y: [0], dw: [1e-6], dh: [1e-6]}
}

function put(source, {x0, x1, y0, y1, nx, ny, reduction}, key, value) {
  if (source.painted == key) return
  source.painted = key
  const NDArray = source.data.image[0].constructor
  const image = new NDArray(nx * ny, [ny, nx])
  for (let i = 0; i < image.length; i++) image[i] = value(i)
  source.tags = [reduction]
  source.data = {image: [image], x: [x0], y: [y0], dw: [x1 - x0], dh: [y1 - y0]}
}

// Words stand where there is no picture, and go with it: in one turn, so that no frame shows neither.
function say(label, text) {
  if (label.text != text) label.text = text
}

function paint(state, source, map, i, EMPTY) {
  const {codes} = map
  // What can be negative has no logarithm; asinh is the nearest to it.
  const stretch = map.softening > 0 && state.stretch == "log" ? "asinh" : state.stretch
  const values = table(state, map, i, stretch, EMPTY)
  const key = [map.id, state.stretch, state.factors[i], state.softenings[i]].join()
  put(source, map, key, (pixel) => values[codes[pixel]])
}

function light(state, source, map) {
  const [low, high] = state.highlight
  const code = (v) => v > 0 ? Math.ceil((Math.log10(v) - map.floor) / map.step + 1) : 0
  const [first, last] = [Math.max(code(low), low > 0 ? 1 : 0), code(high)]
  const {codes} = map
  const key = [map.id, low, high].join()
  put(source, map, key, (i) => codes[i] >= first && codes[i] < last ? 1 : NaN)
}

function compare(state, source, truth, other, EMPTY) {
  const [first] = state.compared
  const key = [truth.id, other.id, state.contrast, state.compared, state.contrast_stretch]
  key.push(state.factors[first], state.contrast_softening)
  if (state.contrast == "ratio") {
    const [t, o] = [truth, other].map((map) => table(state, map, first, "log", EMPTY))
    put(source, truth, key.join(), (i) => {
      const [a, b] = [truth.codes[i], other.codes[i]]
      return a == 0 || b == 0 ? NaN : o[b] - t[a]
    })
    return
  }
  const [t, o] = [truth, other].map((map) => table(state, map, first, "linear", EMPTY))
  const stretch = STRETCH[state.contrast_stretch]
  const softening = state.contrast_softening
  put(source, truth, key.join(), (i) => stretch(o[other.codes[i]] - t[truth.codes[i]], softening))
}

export default async (args) => {
  const {state, sources, lights, labels, contrast, contrast_label, EMPTY, COMING} = args
  if (state.shown == null || state.drawing) return
  state.drawing = true
  await null  // several properties change in one turn: look once they all have
  state.drawing = false
  state.shown.forEach((map, i) => {
    if (map == null) clear(sources[i], EMPTY)
    else paint(state, sources[i], map, i, EMPTY)
    say(labels[i], map != null ? "" : state.notes[i] || labels[i].text || COMING)
    const lit = state.highlight.length > 0 && state.groups[i] == state.lit
    if (map == null || !lit) clear(lights[i], EMPTY)
    else light(state, lights[i], map)
  })
  if (contrast == null) return
  const [truth, other] = state.compared.map((i) => state.shown[i])
  const same = truth != null && other != null && truth.codes.length == other.codes.length
  const compared = state.contrast != "" && same
  if (compared) compare(state, contrast, truth, other, EMPTY)
  else clear(contrast, EMPTY)
  say(contrast_label, compared ? "" : state.contrast_note || COMING)
}
