// Writes a power of ten as the page does; put before the scripts that need it.

function power_of_ten(exponent) {
  const figures = [...String(Math.abs(exponent))].map((figure) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[figure]).join("")
  return `10${exponent < 0 ? "⁻" : ""}${figures}`
}
