// Fetches what the maps show, and has it drawn (draw.js).
//
// Runs on every change of place, maps or screen. One request is under way at a time, and the
// newest place is asked for when it returns; new maps don't wait. Each request has a number,
// the answer carries it, and answers older than what is drawn are dropped.

const MARGIN = 0.25  // fetched beyond each edge, so that a drag shows map and not a void
const MOST = 1536    // pixels along a side: more is slower to draw than it is better to see
const SMALLEST = 16  // pixels of a figure that has its place on the page
const HEAD = 9       // numbers before the codes of each map

function place({figure, x_range, y_range}) {
  const side = figure.inner_width * Math.min(window.devicePixelRatio, 2)
  const axes = [x_range, y_range].map((range) => {
    const span = range.end - range.start
    const low = Math.max(range.start - MARGIN * span, 0)
    const high = Math.min(range.end + MARGIN * span, range.reset_end ?? range.end)
    return {low, high, n: Math.min(Math.ceil(side * (high - low) / span), MOST)}
  })
  return {
    window: axes.map(({low, high}) => `${low},${high}`).join(),
    size: axes.map(({n}) => n).join(),
  }
}

// The route lies beside the page, whatever prefix a server or proxy puts before both.
function address(query) {
  const page = window.location.href.split(/[?#]/)[0].replace(/\/$/, "")
  return new URL(`viewport?${new URLSearchParams(query)}`, page)
}

function* maps_in(body) {
  let offset = 8
  while (offset < body.byteLength) {
    const [x0, x1, y0, y1, nx, ny, floor, step, reduction] = new Float64Array(body, offset, HEAD)
    const codes = new Uint16Array(body, offset + 8 * HEAD, nx * ny)
    yield {x0, x1, y0, y1, nx, ny, floor, step, reduction, codes}
    offset += 8 * (HEAD + Math.ceil(nx * ny / 4))
  }
}

async function fetch_maps(args, state) {
  const {feed, draw} = args
  const tokens = [...feed.tokens]
  const request = ++state.asked
  const maps = tokens.filter((token) => token != "").join()
  const response = await fetch(address({maps, request, ...place(args)}))
  if (response.status == 404) {
    if (tokens.join() == feed.tokens.join()) feed.expired += 1
    return
  }
  if (!response.ok) throw new Error(`viewport answered ${response.status}`)
  const body = await response.arrayBuffer()
  const number = new Float64Array(body, 0, 1)[0]
  if (number < state.drawn) return
  state.drawn = number
  const found = maps_in(body)
  feed.shown = tokens.map((token, i) =>
    token == "" ? null : {id: `${number}.${i}`, ...found.next().value})
  await draw.execute(feed)
  setTimeout(() => { feed.started = true })  // once they are painted
}

async function refresh(args, state) {
  state.flying += 1
  try {
    await fetch_maps(args, state)
  } finally {
    state.flying -= 1
  }
  if (state.waiting && state.flying == 0) {
    state.waiting = false
    await refresh(args, state)
  }
}

export default async (args) => {
  const {feed, figure} = args
  const laid_out = figure.inner_width >= SMALLEST
  if (!laid_out || feed.tokens.every((token) => token == "")) return
  // On the feed and not in this module: Bokeh may load it twice when two changes come at once.
  const state = feed.fetching ??= {
    asked: 0, drawn: 0, flying: 0, waiting: false, scheduled: false, tokens: "",
  }
  if (state.scheduled) return
  state.scheduled = true
  await null  // both ranges change in one turn: look once they all have
  state.scheduled = false
  const tokens = feed.tokens.join()
  const changed = tokens != state.tokens
  state.tokens = tokens
  if (state.flying > 0 && !changed) state.waiting = true
  else await refresh(args, state)
}
