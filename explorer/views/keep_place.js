// Keeps in its place what lies below a part of the page that grows or shrinks after a click.

function scroller_of(element) {
  for (let at = element; at != null; at = at.parentNode ?? at.host) {
    if (at instanceof HTMLElement && /auto|scroll/.test(getComputedStyle(at).overflowY)) return at
  }
  return document.scrollingElement
}

export function render({model, view}) {
  let height = 0
  let touched = false  // before, a page that is being built grows by itself
  const touch = () => { touched = true }

  const observer = new ResizeObserver(([{target}]) => {
    const grown = target.offsetHeight - height
    height = target.offsetHeight
    if (touched) scroller_of(target).scrollTop += grown
  })

  function begin() {
    const part = view.el.parentNode?.host
    if (part == null) requestAnimationFrame(begin)
    else observer.observe(part)
  }

  window.addEventListener("pointerdown", touch, true)
  model.on("remove", () => {
    window.removeEventListener("pointerdown", touch, true)
    observer.disconnect()
  })
  begin()
  return document.createElement("div")
}
