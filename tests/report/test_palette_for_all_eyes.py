"""The colours differ for every kind of eye, on both backgrounds.

Machado, Oliveira, Fernandes (IEEE TVCG 2009), severity 1.0; OKLab of B. Ottosson (2020);
contrast of WCAG 2.1.
"""

from itertools import combinations

import numpy as np
import pytest

from bitsim.report.drawing import palette

EYES = {
    "trichromat": np.eye(3),
    "protanope": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranope": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanope": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
MODES = {
    "light": (palette.LIGHT, palette.LIGHT_PAGE),
    "dark": (palette.DARK, palette.DARK_PAGE),
}


def linear(colour):
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def seen(colour, eye):
    return LAB @ np.cbrt(LMS @ np.clip(np.array(EYES[eye]) @ linear(colour), 0, 1))


def contrast(one, other):
    high, low = sorted((linear(c) @ [0.2126, 0.7152, 0.0722] for c in (one, other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("eye", EYES)
def test_any_two_classes_are_told_apart(mode, eye):
    colours, _ = MODES[mode]
    for one, other in combinations(colours, 2):
        distance = 100 * np.linalg.norm(seen(colours[one], eye) - seen(colours[other], eye))
        assert distance >= 12, (one, other, distance)


@pytest.mark.parametrize("mode", MODES)
def test_texts_and_marks_stand_out_from_the_page(mode):
    colours, page = MODES[mode]
    for text in ("ink", "soft", "good", "bad"):
        for ground in ("page", "panel"):
            assert contrast(page[text], page[ground]) >= 4.5, (text, ground)
    for name, colour in colours.items():
        # Drain is the one class that may recede; every class is also named by a legend and table.
        assert contrast(colour, page["page"]) >= (1.6 if name == "drain" else 2.5), name
