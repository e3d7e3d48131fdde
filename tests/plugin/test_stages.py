"""What a run is doing, in the words of the dock."""

from __future__ import annotations

import numpy as np

from napari_stentrans import EnhanceConfig, simulate_section
from napari_stentrans.plugin.jobs.job import check_steps, run_steps
from napari_stentrans.plugin.models.stages import Stages
from napari_stentrans.progress import Progress, Stage, named


def said(steps):
    """Words of steps, each once, and what the last step returned."""
    stages, words = Stages(), []
    while True:
        try:
            words.append(stages.in_words(next(steps)))
        except StopIteration as stop:
            return list(dict.fromkeys(words)), stop.value


def test_a_run_and_its_check_are_told_in_few_words():
    section = simulate_section(80, 30, seed=2)
    lost = np.arange(section.n_spots) < 6
    words, result = said(run_steps(section, lost, EnhanceConfig(), np.empty((0, 2))))
    assert words == [
        "preview: a quick first estimate",
        "step 1 of 3: finding the patterns of the tissue",
        "step 2 of 3: tuning on hidden spots",
        "step 3 of 3: filling and sharpening",
    ]
    assert said(check_steps(section, result.record))[0] == ["checking how good it is here"]


def test_other_words_are_said_as_they_are():
    def steps():
        yield Progress("preparing the image", 0, 1)  # begins as a stage of a run does
        yield from named("their method", iter([Progress(Stage.KRIGING, 0, 1)]))

    assert said(steps())[0] == ["preparing the image", "their method: kriging"]


def test_a_method_that_goes_back_does_not_count_back():
    stages = Stages()
    assert stages.in_words(Progress(Stage.KRIGING, 0, 1)).startswith("step 3 of 3")
    assert stages.in_words(Progress(Stage.FACTORS, 0, 1)).startswith("step 3 of 3")
