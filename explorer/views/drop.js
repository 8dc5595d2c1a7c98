// Files dropped anywhere on the page go to the button that opens files.

const holds_files = (event) => event.dataTransfer?.types.includes("Files")

function find(root) {
  for (const element of root.querySelectorAll("*")) {
    if (element.matches("input[type=file]")) return element
    const found = element.shadowRoot && find(element.shadowRoot)
    if (found) return found
  }
}

export function render({model, view}) {
  const mark = document.createElement("div")
  mark.className = "mark"
  mark.textContent = "Drop simulation files, .npy or FITS maps"
  mark.hidden = true
  let leaving

  function over(event) {
    if (!holds_files(event)) return
    event.preventDefault()
    mark.hidden = false
    clearTimeout(leaving)
    leaving = setTimeout(() => { mark.hidden = true }, 200)
  }

  function drop(event) {
    if (!holds_files(event)) return
    event.preventDefault()  // or the browser would leave the page for the file
    mark.hidden = true
    const input = find(view.el.parentNode)
    if (input == null) return
    const files = new DataTransfer()
    for (const file of event.dataTransfer.files) files.items.add(file)
    input.files = files.files
    input.dispatchEvent(new Event("change", {bubbles: true}))
  }

  window.addEventListener("dragover", over)
  window.addEventListener("drop", drop)
  model.on("remove", () => {
    window.removeEventListener("dragover", over)
    window.removeEventListener("drop", drop)
  })
  return mark
}
