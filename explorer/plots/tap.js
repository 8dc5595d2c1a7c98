// Tells the server which halo was tapped: the smallest whose ring is around the place or near it.

const NEAR = 6  // screen pixels from a ring or a centre that still mean it

export default ({state, halos, ring}, {x, y, origin}) => {
  if (!ring.visible) return
  const near = NEAR * (origin.x_range.end - origin.x_range.start) / origin.inner_width
  const {data} = halos
  let tapped = -1
  let least = Infinity
  for (let i = 0; i < data.number.length; i++) {
    const inside = Math.hypot(data.x[i] - x, data.y[i] - y) <= data.radius[i] + near
    if (inside && data.radius[i] < least) {
      least = data.radius[i]
      tapped = data.number[i]
    }
  }
  if (tapped < 0) return
  if (state.tapped == tapped) state.tapped = -1  // so that the same halo is told of again
  state.tapped = tapped
}
