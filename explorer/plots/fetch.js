// Fetches what the maps show, and has it drawn (draw.js).
//
// Runs on every change of place, maps or screen. One request is under way at a time, and the
// newest place is asked for when it returns; new maps don't wait. Each request has a number,
// the answer carries it, and answers older than what is drawn are dropped.

const MARGIN = 0.25  // fetched beyond each edge, so that a drag shows map and not a void
const MOST = 1536    // pixels along a side: more is slower to draw than it is better to see
const SMALLEST = 16  // pixels of a figure that has its place on the page
const HEAD = 10      // numbers before the codes of each map
const LOST = "lost"  // no answer came
const AGAIN = 1000   // milliseconds until what a lost network didn't bring is asked for again

function place({x_range, y_range}, figure) {
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
    const head = new Float64Array(body, offset, HEAD)
    const [x0, x1, y0, y1, nx, ny, floor, step, softening, reduction] = head
    const codes = new Uint16Array(body, offset + 8 * HEAD, nx * ny)
    yield {x0, x1, y0, y1, nx, ny, floor, step, softening, reduction, codes}
    offset += 8 * (HEAD + Math.ceil(nx * ny / 4))
  }
}

async function fetch_maps(args, progress) {
  const {state, draw} = args
  const tokens = [...state.tokens]
  const request = ++progress.asked
  const maps = tokens.filter((token) => token != "").join()
  const found = maps == "" ? nothing(request) : await answer(args, {maps, request})
  if (found == null) {
    if (tokens.join() == state.tokens.join()) state.expired += 1
    return
  }
  if (found == LOST) {
    progress.waiting = true
    return
  }
  const number = new Float64Array(found, 0, 1)[0]
  if (number < progress.drawn) return
  progress.drawn = number
  const each = maps_in(found)
  state.shown = tokens.map((token, i) =>
    token == "" ? null : {id: `${number}.${i}`, ...each.next().value})
  await draw.execute(state)
  setTimeout(() => { state.started = true })  // once they are painted
}

// Of no map at all, without asking for it.
function nothing(request) {
  return new Float64Array([request]).buffer
}

// A body, null of maps that the server has no more, or LOST.
async function answer(args, query) {
  let response
  try {
    response = await fetch(address({...query, ...place(args, laid_out(args))}))
    if (response.ok) return await response.arrayBuffer()
  } catch {  // no network, or a page that is just being left
    await new Promise((done) => setTimeout(done, AGAIN))
    return LOST
  }
  if (response.status == 404) return null
  throw new Error(`viewport answered ${response.status}`)
}

async function refresh(args, progress) {
  progress.flying += 1
  try {
    await fetch_maps(args, progress)
  } finally {
    progress.flying -= 1
  }
  if (progress.waiting && progress.flying == 0) {
    progress.waiting = false
    await refresh(args, progress)
  }
}

// A figure that has its place on the page; of one that is not drawn yet it can't even be asked for.
function laid_out({figures}) {
  return figures.find((figure) =>
    !figure.properties.inner_width.is_unset && figure.inner_width >= SMALLEST)
}

export default async (args) => {
  const {state} = args
  if (laid_out(args) == null || state.tokens.length == 0) return
  // On the state and not in this module: Bokeh may load it twice when two changes come at once.
  const progress = state.fetching ??= {
    asked: 0, drawn: 0, flying: 0, waiting: false, scheduled: false, tokens: "",
  }
  if (progress.scheduled) return
  progress.scheduled = true
  await null  // both ranges change in one turn: look once they all have
  progress.scheduled = false
  const tokens = state.tokens.join()
  const changed = tokens != progress.tokens
  progress.tokens = tokens
  if (progress.flying > 0 && !changed) progress.waiting = true
  else await refresh(args, progress)
}
