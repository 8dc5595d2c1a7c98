// Tells the server which key was pressed; the list of keys opens and closes in the browser.

const TYPED = ["text", "search", "number", "email", "url", "password"]

const TOLD = ["n", "[", "]", "s", "d", "r", "w"]

const ARROWS = ["ArrowLeft", "ArrowRight"]

// What has a use for letters, and what has one for arrows too.
const LISTS = "select, [role=option], [role=listbox], [role=menu], [role=menuitem]"
const CONTROLS = "input, button, select, textarea, a, [role=slider], [role=combobox], [role=tab]"

function typing(target) {
  return target.isContentEditable || target.tagName == "TEXTAREA"
    || target.tagName == "INPUT" && TYPED.includes(target.type) || target.matches(LISTS)
}

// Keys that need AltGr on a keyboard are plain: Windows calls it Ctrl and Alt.
function is_plain(event) {
  return event.getModifierState("AltGraph") || !(event.ctrlKey || event.metaKey || event.altKey)
}

function make(tag, attributes, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children)
  return element
}

function list(listed) {
  const rows = listed.flatMap(([keys, meaning]) => [
    make("dt", {}, ...keys.split(" ").map((key) => make("kbd", {}, key))),
    make("dd", {}, meaning),
  ])
  return make("dl", {}, ...rows)
}

function hints(told) {
  return told.flatMap(([place, ...sentences]) => [
    make("h3", {}, place), make("ul", {}, ...sentences.map((each) => make("li", {}, each))),
  ])
}

export function render({model}) {
  const title = "Keys and hints"
  const button = make("button", {
    type: "button", "aria-label": title, "aria-haspopup": "dialog", title: "Keys and hints (?)",
  }, "?")
  const close = make("button", {type: "button", "aria-label": "Close keys and hints"}, "×")
  const heading = make("header", {}, make("h2", {}, title), close)
  const dialog = make("dialog", {role: "dialog", "aria-label": title}, heading, list(model.listed), ...hints(model.told))

  function turn() {
    if (dialog.open) dialog.close()
    else dialog.showModal()
  }

  function pressed(event) {
    const [target] = event.composedPath()
    const at = target instanceof Element ? target : document.body
    const arrow = ARROWS.includes(event.key)
    const key = arrow ? event.key : event.key.toLowerCase()
    if (!is_plain(event) || event.defaultPrevented || event.repeat && !arrow || typing(at)) return
    if (key == "?") turn()
    else if (TOLD.includes(key) || arrow && !at.matches(CONTROLS)) model.send_msg(key)
    else return
    event.preventDefault()
  }

  button.addEventListener("click", turn)
  close.addEventListener("click", turn)
  dialog.addEventListener("click", (event) => {
    if (event.target == dialog) turn()  // its padding and what lies beside it
  })
  window.addEventListener("keydown", pressed)
  model.on("remove", () => window.removeEventListener("keydown", pressed))
  return make("div", {}, button, dialog)
}
