"""What the paper's own networks reached, to stand beside."""

MASS_ERROR = {
    ("ember-wgan", "gas", "HR"): {"dm/ds": 1.92, "dmo/ds": 1.92},
    ("ember-unet", "gas", "HR"): {"dm/ds": -0.56, "dmo/ds": -1.13},
    ("ember-wgan", "gas", "MR"): {"dm/ds": 1.22, "dmo/ds": 1.45, "dmo/native": 1.71},
    ("ember-wgan", "gas", "LR"): {"dm/ds": 0.86, "dmo/ds": 0.86},
    ("ember-wgan", "gas", "VLR"): {"dm/ds": -8.12, "dmo/ds": -8.12},
    ("ember-wgan", "hi", "HR"): {"dm/ds": 5.54, "dmo/ds": 5.54},
    ("ember-unet", "hi", "HR"): {"dm/ds": -37.33, "dmo/ds": -40.84},
    ("ember-wgan", "hi", "MR"): {"dm/ds": 3.9, "dmo/ds": 4.85, "dmo/native": 2.53},
    ("ember-wgan", "hi", "LR"): {"dm/ds": -14.34, "dmo/ds": -14.34},
    ("ember-wgan", "hi", "VLR"): {"dm/ds": -75.76, "dmo/ds": -75.76},
}
"""Median error of the total mass, per cent, by network and dark matter (Bernardini et al. 2022,
table 4; HR is called native there, and is `ds` here since none of its particles is left out)."""
