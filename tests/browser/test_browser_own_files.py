"""Files dropped on the real page."""

import base64
import io

import numpy as np

BOX, SIDE, SLABS = 7.5, 256, 5  # pixels of 29.3 kpc/h, slabs of 1.5 Mpc/h
MEAN = 0.25 * 2.77536627e11 * BOX / SLABS  # dark matter of Omega 0.25, [Msun/h / (Mpc/h)^2]

DROP = """([name, content]) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0))
  const dataTransfer = new DataTransfer()
  dataTransfer.items.add(new File([bytes], name))
  for (const type of ["dragover", "drop"]) {
    const how = {dataTransfer, bubbles: true, cancelable: true}
    document.body.dispatchEvent(new DragEvent(type, how))
  }
}"""


def drop(visit, name, content):
    visit.page.evaluate(DROP, [name, base64.b64encode(content).decode()])


def lognormal():
    """Maps of a made-up universe as a .npy file."""
    draw = np.random.default_rng(8).lognormal(0, 1, (SLABS, SIDE, SIDE)).astype(np.float32)
    file = io.BytesIO()
    np.save(file, draw / draw.mean(axis=(1, 2), keepdims=True) * np.float32(MEAN))
    return file.getvalue()


def test_maps_dropped_on_the_page_are_asked_about_previewed_and_painted(explorer, data_folder):
    page = explorer.page
    explorer.open("?simulation=hydro11-z2&field=gas&emulator=ember-unet").painted()
    page.get_by_role("button", name="Open files").wait_for()
    drop(explorer, "broken.hdf5", b"this is no simulation")
    page.get_by_text("broken.hdf5 is not a readable HDF5 file").wait_for()
    drop(explorer, "zz_Mcdm.npy", lognormal())
    page.get_by_text("5 × 256 × 256 numbers").wait_for()
    answers = {"Box [cMpc/h]": BOX, "Redshift": 2, "Ωm": 0.3, "Ωb": 0.05, "h": 0.7}
    for label, value in answers.items():
        box = page.get_by_label(label, exact=True).last
        box.fill(str(value))
        box.press("Enter")
    page.get_by_role("combobox", name="Unit").click()
    page.get_by_role("option", name="Msun/h / (Mpc/h)^2").click()
    page.get_by_role("button", name="Preview", exact=True).click()
    page.get_by_text("Omega 0.25").wait_for()
    assert "simulation=hydro11-z2" in page.url
    shown = explorer.shown()
    page.get_by_role("button", name="Open", exact=True).click()
    page.wait_for_function("() => location.search.includes('simulation=zz_Mcdm')")
    explorer.settle(after=shown)
    explorer.painted()
    (data_folder / "simulations" / "zz_Mcdm.hdf5").unlink()  # other tests share the server
