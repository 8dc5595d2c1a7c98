// Tells the server which cells the layer was dragged over; a tap moves the layer there.

const PAUSE = 50     // milliseconds between two tellings during a drag
const SETTLED = 250  // milliseconds without another change, after which the layer snaps to cells

function cells_of({box, cell, count}) {
  const depth = Math.min(Math.max(Math.round((box.right - box.left) / cell), 1), count)
  const first = Math.min(Math.max(Math.round(box.left / cell), 0), count - depth)
  return [first, depth]
}

function tell(args) {
  const {box, layer} = args
  const cells = cells_of(args)
  box.told = performance.now()
  if (cells.join() != layer.cells.join()) layer.cells = cells
}

function snap(args) {
  const {box, cell} = args
  const [first, depth] = cells_of(args)
  const [left, right] = [first * cell, (first + depth) * cell]
  if (box.left != left || box.right != right) box.setv({left, right})
}

export default (args, event) => {
  const {box, cell, layer} = args
  if (event == layer || box.right == 0) {
    const [first, depth] = layer.cells
    if (cells_of(args).join() == layer.cells.join() && box.right > 0) return
    box.setv({left: first * cell, right: (first + depth) * cell})
    return
  }
  if (event.event_name == "tap") {
    const half = (box.right - box.left) / 2
    const left = Math.min(Math.max(event.x - half, 0), args.count * cell - 2 * half)
    box.setv({left, right: left + 2 * half})
    return
  }
  clearTimeout(box.telling)
  clearTimeout(box.snapping)
  const wait = Math.max(PAUSE - (performance.now() - (box.told ?? 0)), 0)
  box.telling = setTimeout(() => tell(args), wait)
  box.snapping = setTimeout(() => snap(args), SETTLED)
}
