// Says that the server hasn't answered yet: after a click it is asked for a sign of life.

const PATIENCE = 500  // milliseconds without an answer before it is said
const GATHER = 60     // milliseconds in which several events are one

export function render({model}) {
  const words = document.createElement("span")
  words.setAttribute("role", "status")
  let asked = false
  let timer

  function ask() {
    if (asked) return
    asked = true
    setTimeout(() => {
      model.send_msg("there?")
      timer = setTimeout(() => { words.textContent = "Waiting for the server …" }, PATIENCE)
    }, GATHER)
  }

  model.on("msg:custom", () => {
    asked = false
    clearTimeout(timer)
    words.textContent = ""
  })
  const events = ["click", "keydown", "change"]
  for (const name of events) window.addEventListener(name, ask, true)
  model.on("remove", () => {
    for (const name of events) window.removeEventListener(name, ask, true)
  })
  return words
}
