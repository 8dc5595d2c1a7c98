// Tells the server which halo was tapped: the smallest whose ring is around the place; where
// none is, the smallest whose ring is near it.

const NEAR = 6  // screen pixels from a ring or a centre that still mean it

// Number of the smallest halo whose ring, with some room around it, holds a place; -1 for none.
function smallest({x, y, radius, number}, place, room) {
  let found = -1
  for (let i = 0; i < number.length; i++) {
    const inside = Math.hypot(x[i] - place.x, y[i] - place.y) <= radius[i] + room
    if (inside && (found < 0 || radius[i] < radius[found])) found = i
  }
  return found < 0 ? -1 : number[found]
}

export default ({state, halos, ring}, {x, y, origin}) => {
  if (!ring.visible) return
  const near = NEAR * (origin.x_range.end - origin.x_range.start) / origin.inner_width
  let tapped = smallest(halos.data, {x, y}, 0)
  if (tapped < 0) tapped = smallest(halos.data, {x, y}, near)
  if (tapped < 0) return
  if (state.tapped == tapped) state.tapped = -1  // so that the same halo is told of again
  state.tapped = tapped
}
