// Tells the server what is in view, once the ranges have settled; nothing for the whole map.

const SETTLED = 300  // milliseconds without another change

export default ({state, ranges}) => {
  // On the state and not in this module: Bokeh may load it twice when two changes come at once.
  clearTimeout(state.settling)
  state.settling = setTimeout(() => {
    const whole = ranges.every(({start, end, reset_start, reset_end}) =>
      start == reset_start && end == reset_end)
    state.view = whole ? [] : ranges.flatMap(({start, end}) => [start, end])
  }, SETTLED)
}
