// A table of clusters: a click on a heading sorts, a click on a row or Enter shows that cluster.

function make(tag, attributes, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children)
  return element
}

// Rows in order; those without a value come last, whichever way.
function sorted(rows, {column, down}) {
  if (column == null) return rows
  const value = ({values}) => values[column]
  const there = rows.filter((row) => value(row) != null)
  there.sort((a, b) => (down ? -1 : 1) * (value(a) - value(b)))
  return [...there, ...rows.filter((row) => value(row) == null)]
}

export function render({model}) {
  const head = make("tr", {})
  const body = make("tbody", {})
  const table = make("table", {}, make("thead", {}, head), body)
  const frame = make("div", {class: "frame"}, table)
  const order = {column: null, down: true}

  function choose(number) {
    model.send_msg(number)
  }

  function turn(column) {
    order.down = order.column == column ? !order.down : true
    order.column = column
    draw()
  }

  function heading([title, about], column) {
    const arrow = order.column == column ? (order.down ? " ▾" : " ▴") : ""
    const button = make("button", {type: "button", title: about}, title + arrow)
    button.addEventListener("click", () => turn(column))
    const sort = order.column == column ? (order.down ? "descending" : "ascending") : "none"
    return make("th", {scope: "col", "aria-sort": sort}, button)
  }

  function row({number, picture, words}) {
    const cells = words.map((text) => make("td", {}, text))
    const image = picture ? make("img", {src: picture, alt: ""}) : ""
    const line = make("tr", {tabindex: "0", "data-number": number}, make("td", {}, image), ...cells)
    line.addEventListener("click", () => choose(number))
    line.addEventListener("keydown", (event) => {
      if (event.key != "Enter" && event.key != " ") return
      event.preventDefault()
      choose(number)
    })
    return line
  }

  function mark(seen) {
    for (const line of body.children) {
      const chosen = Number(line.dataset.number) == model.chosen
      line.setAttribute("aria-selected", chosen)
      if (!chosen || !seen) continue
      const [top, bottom] = [line.offsetTop - head.offsetHeight, line.offsetTop + line.offsetHeight]
      if (top < frame.scrollTop) frame.scrollTop = top
      else if (bottom > frame.scrollTop + frame.clientHeight) {
        frame.scrollTop = bottom - frame.clientHeight
      }
    }
  }

  function draw() {
    head.replaceChildren(make("th", {}), ...model.columns.map(heading))
    body.replaceChildren(...sorted(model.rows, order).map(row))
    mark(false)
  }

  model.on("rows", draw)
  model.on("columns", draw)
  model.on("chosen", () => mark(true))
  draw()
  return frame
}
