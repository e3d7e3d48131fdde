"""Jobs: what they say, and how they end."""

from __future__ import annotations

import threading
import time
import warnings

import pytest
import torch

from napari_stentrans.errors import EnhancementFailed, MaskError, StentransWarning
from napari_stentrans.plugin.jobs.job import Job, in_plain_words, throttled
from napari_stentrans.progress import Progress, drain


def steps_of(*steps, result="done"):
    yield from steps
    return result


def all_of(generator):
    seen = []
    while True:
        try:
            seen.append(next(generator))
        except StopIteration as end:
            return seen, end.value


def test_throttled_passes_the_first_of_each_stage_and_the_last():
    steps = [Progress("a", i, 9) for i in range(9)] + [Progress("b", i, 9) for i in range(9)]
    seen, result = all_of(throttled(steps_of(*steps), threading.Event(), every=60))
    assert [(s.stage, s.done) for s in seen] == [("a", 0), ("b", 0), ("b", 8)]
    assert result == "done"


def test_throttled_stops_when_told_and_asks_for_no_more_steps():
    stop, taken = threading.Event(), []

    def steps():
        for i in range(100):
            taken.append(i)
            if i == 3:
                stop.set()
            yield Progress("a", i, 100)

    _, result = all_of(throttled(steps(), stop, every=0))
    assert taken == [0, 1, 2, 3]
    assert result is None


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError("mat1 and mat2 cannot be multiplied\nmore"), "mat1 and mat2"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), "memory"),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), "memory"),
        (MemoryError(), "memory"),
    ],
)
def test_errors_that_the_thread_would_swallow_become_our_own(error, words):
    def steps():
        yield Progress("a", 0, 1)
        raise error

    with pytest.raises(EnhancementFailed, match=words) as caught:
        drain(in_plain_words(steps()))
    assert caught.value.__cause__ is error
    assert "more" not in str(caught.value).split("Try")[0].split()


def test_a_job_returns_its_result_and_ends(qtbot):
    job, order = Job(lambda: steps_of(Progress("a", 0, 1), result=42)), []
    job.progressed.connect(lambda step: order.append(step.stage))
    job.returned.connect(order.append)
    job.ended.connect(lambda: order.append("ended"))
    with qtbot.waitSignal(job.ended):
        job.start()
    assert order == ["a", 42, "ended"]


def test_a_job_fails_in_words_and_ends(qtbot):
    def steps():
        yield Progress("a", 0, 1)
        raise MaskError("Paint less.")

    job, said = Job(steps), []
    job.failed.connect(said.append)
    with qtbot.waitSignal(job.ended):
        job.start()
    assert said == ["Paint less."]


def test_an_unforeseen_error_is_named_and_the_job_ends(qtbot):
    def steps():
        yield Progress("a", 0, 1)
        raise ZeroDivisionError("by zero")

    job, said = Job(steps), []
    job.failed.connect(said.append)
    with qtbot.waitSignal(job.ended):
        job.start()
    assert "ZeroDivisionError: by zero" in said[0]


def test_our_warnings_are_passed_on_and_others_are_not(qtbot):
    def steps():
        warnings.warn("Two names were the same.", StentransWarning, stacklevel=1)
        warnings.warn("for programmers", FutureWarning, stacklevel=1)
        yield Progress("a", 0, 1)

    job, said = Job(steps), []
    job.warned.connect(said.append)
    with qtbot.waitSignal(job.ended):
        job.start()
    assert said == ["Two names were the same."]


def endless(closed):
    try:
        i = 0
        while True:
            yield Progress("endless", i, 1000)
            i += 1
            time.sleep(0.01)
    finally:
        closed.set()


def test_cancel_ends_a_job_without_a_result(qtbot):
    closed, returned = threading.Event(), []
    job = Job(lambda: endless(closed))
    job.returned.connect(returned.append)
    with qtbot.waitSignal(job.progressed):
        job.start()
    with qtbot.waitSignal(job.ended, timeout=500):
        job.cancel()
    assert closed.is_set()
    assert returned == []


def test_a_paused_job_takes_no_steps_and_goes_on_after(qtbot):
    closed, seen = threading.Event(), []
    job = Job(lambda: endless(closed))
    job.progressed.connect(lambda step: seen.append(step.done))
    with qtbot.waitSignal(job.progressed):
        job.start()
    with qtbot.waitSignal(job.paused):
        job.pause()
    at = len(seen)
    qtbot.wait(300)
    assert len(seen) == at
    with qtbot.waitSignal(job.resumed):
        job.resume()
    qtbot.waitUntil(lambda: len(seen) > at)
    with qtbot.waitSignal(job.ended, timeout=500):
        job.cancel()


def test_a_paused_job_can_be_cancelled(qtbot):
    closed = threading.Event()
    job = Job(lambda: endless(closed))
    with qtbot.waitSignal(job.progressed):
        job.start()
    with qtbot.waitSignal(job.paused):
        job.pause()
    with qtbot.waitSignal(job.ended, timeout=500):
        job.cancel()
    assert closed.is_set()


def test_stop_waits_until_the_thread_is_done(qtbot):
    closed = threading.Event()
    job = Job(lambda: endless(closed))
    with qtbot.waitSignal(job.progressed):
        job.start()
    assert job.stop(1.0)
    assert closed.is_set()


def test_stop_says_when_a_step_takes_too_long(qtbot):
    let_go = threading.Event()

    def stuck():
        yield Progress("a", 0, 2)
        let_go.wait(5)
        yield Progress("a", 1, 2)

    job = Job(stuck)
    with qtbot.waitSignal(job.progressed):
        job.start()
    qtbot.wait(20)
    assert not job.stop(0.1)
    let_go.set()
    assert job.stop(1.0)
