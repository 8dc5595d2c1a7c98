// Moves all maps to a place, within what they reach.

export default ({state, ranges}) => {
  const [x, y, width] = state.place
  ranges.forEach((range, i) => {
    const side = Math.min(Math.max(width, range.min_interval ?? 0), range.reset_end)
    const start = Math.min(Math.max([x, y][i] - side / 2, 0), range.reset_end - side)
    range.setv({start, end: start + side})
  })
}
