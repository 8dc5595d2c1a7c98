// Puts two maps in one place: by themselves, by key b or a button they alternate, or a
// handle divides them.

const STEP = 0.02  // of the map's width, for one press of an arrow

const PACE = 900  // milliseconds that each of two blinking maps is seen

const TYPED = ["text", "search", "number", "email", "url", "password"]

function typing(event) {
  const [target] = event.composedPath()
  if (!(target instanceof HTMLElement)) return false
  return target.isContentEditable || target.tagName == "TEXTAREA"
    || target.tagName == "INPUT" && TYPED.includes(target.type)
}

function part(tag, name, attributes) {
  const element = document.createElement(tag)
  element.className = name
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  return element
}

export function render({model, view}) {
  const button = part("button", "blink", {type: "button", title: "Key b"})
  const handle = part("div", "handle", {
    role: "slider", tabindex: 0, "aria-label": "Border between the two maps",
    "aria-valuemin": 0, "aria-valuemax": 100,
  })
  handle.append(part("div", "knob", {}))
  const pace = part("button", "blink pace", {type: "button"})
  const layer = part("div", "layer", {})
  layer.append(button, pace, handle)

  let second = false
  let position = 0.5
  let playing = !matchMedia("(prefers-reduced-motion: reduce)").matches
  let timer

  const grid = () => view.el.parentNode?.host
  const map = (name) => view.el.parentNode.querySelector(`.map-${name}`)

  function show() {
    if (grid() == null) return
    const together = model.mode == "blink" || model.mode == "swipe"
    grid().dataset.mode = model.mode
    grid().dataset.on = second ? "second" : "first"
    for (const name of ["truth", "prediction", "other"]) {
      const role = name == model.first ? "first" : name == model.second ? "second" : "none"
      if (together) map(name).dataset.role = role
      else delete map(name).dataset.role
    }
    button.hidden = pace.hidden = model.mode != "blink"
    pace.textContent = playing ? "Pause" : "Play"
    clearInterval(timer)
    if (model.mode == "blink" && playing) timer = setInterval(turn, PACE)
    handle.hidden = model.mode != "swipe"
    button.innerHTML = `Blink <kbd>b</kbd>`
    button.setAttribute("aria-pressed", second)
    divide()
  }

  function divide() {
    const percent = `${100 * position}%`
    map(model.second)?.style.setProperty("--border", percent)
    handle.style.left = percent
    handle.setAttribute("aria-valuenow", Math.round(100 * position))
  }

  function turn() {
    second = !second
    show()
  }

  function blink() {
    playing = false
    second = model.mode == "blink" ? !second : true
    if (model.mode != "blink") model.mode = "blink"
    show()
  }

  function move(to) {
    position = Math.min(Math.max(to, 0), 1)
    divide()
  }

  function pressed(event) {
    const plain = !(event.ctrlKey || event.metaKey || event.altKey || event.repeat)
    if (event.key.toLowerCase() == "b" && plain && !typing(event)) blink()
  }

  button.addEventListener("click", blink)
  pace.addEventListener("click", () => {
    playing = !playing
    show()
  })
  handle.addEventListener("pointerdown", (event) => {
    handle.setPointerCapture(event.pointerId)
    event.preventDefault()
    handle.focus()
  })
  handle.addEventListener("pointermove", (event) => {
    if (!handle.hasPointerCapture(event.pointerId)) return
    const {left, width} = layer.getBoundingClientRect()
    move((event.clientX - left) / width)
  })
  handle.addEventListener("keydown", (event) => {
    const turn = {ArrowLeft: -STEP, ArrowRight: STEP}[event.key]
    if (turn == null) return
    event.preventDefault()
    move(position + turn)
  })
  window.addEventListener("keydown", pressed)
  model.on("remove", () => {
    clearInterval(timer)
    window.removeEventListener("keydown", pressed)
  })
  model.on("mode", () => {
    if (model.mode != "blink") second = false
    show()
  })
  model.on("first", show)
  model.on("second", show)

  function begin() {
    if (grid() == null || map("truth") == null) requestAnimationFrame(begin)
    else show()
  }
  begin()
  return layer
}
