"""Neighbouring sections: what they add in a hole, when they are silent or refused, and replays."""

from __future__ import annotations

import json

import numpy as np
import pytest
from same_numbers import assert_same_numbers

from napari_stentrans import EnhanceConfig, Neighbour, Section, enhance, read_section
from napari_stentrans.alignment import Alignment, from_landmarks, joint_factors
from napari_stentrans.cli import main
from napari_stentrans.errors import ConfigError, MaskError, SectionError, StentransWarning
from napari_stentrans.export import save
from napari_stentrans.neighbours import borrow_steps, checked
from napari_stentrans.neighbours.maps import Told, disagrees, regressed, together
from napari_stentrans.progress import drain
from napari_stentrans.record import RunRecord
from napari_stentrans.script import as_command, as_python
from napari_stentrans.session import read_session, write_session
from napari_stentrans.session_facts import RunFacts, SessionFacts
from napari_stentrans.simulate import lies_on_first, simulate_serial, true_expression
from napari_stentrans.targets import target_sites

KRIGING = EnhanceConfig(method="kriging", image="off")


@pytest.fixture(scope="module")
def pair():
    """Two serial sections, of which the first has a fold."""
    return simulate_serial(500, 300, seed=3, image=False)


@pytest.fixture(scope="module")
def lies(pair):
    """How the next section lies on the first, from places that are known."""
    _, other = pair
    return from_landmarks(lies_on_first(other, other.xy), other.xy)


@pytest.fixture(scope="module")
def fold(pair):
    """(spot,) the spots in the fold of the first section, and those around them."""
    section, _ = pair
    folded = section.xy[(section.adata.obs["artefact"] == "fold").to_numpy()]
    apart = np.linalg.norm(section.xy[:, None] - folded[None], axis=2).min(1)
    return apart < 1.6 * section.lattice.spacing


def shuffled(section: Section) -> Section:
    """The same counts under the names of other genes."""
    adata = section.adata.copy()
    adata.var_names = adata.var_names[np.random.default_rng(0).permutation(adata.n_vars)]
    return Section.from_anndata(adata, name="shuffled")


def borrowed(section, given, lost=None, seed=0):
    lost = np.zeros(section.n_spots, bool) if lost is None else lost
    targets = target_sites(section, lost, None, 1)
    return targets, drain(borrow_steps(section, targets, ~lost, checked(section, given), seed))


def error_in(section, result, spots):
    genes = [g for g in section.genes if section.adata.var["truth_pattern"][g] != "none"][:60]
    truth = true_expression(section, genes)[spots]
    found = np.column_stack([result.gene(g).mean[: section.n_spots][spots] for g in genes])
    return float(((found - truth) ** 2).mean())


@pytest.mark.parametrize("method", ["transformer", "kriging"])
def test_it_fills_a_fold_better(pair, lies, fold, method):
    section, other = pair
    config = EnhanceConfig(method=method, image="off")
    alone = enhance(section, fold, config)
    result = enhance(section, fold, config, neighbours=[Neighbour(other, lies)])
    assert result.record.findings["neighbour1_used"] == 1
    assert error_in(section, result, fold) < 0.9 * error_in(section, alone, fold)
    (fact,) = result.record.neighbours
    assert fact.digest == other.digest
    assert fact.speaks_in_holes > 0.9
    assert "neighbouring section" in result.record.evidence_in_words
    assert "borrowed from neighbouring" in result.record.evidence_in_words
    assert alone.borrowed is None
    assert not result.borrowed[~fold].any()
    assert 0.1 < result.borrowed[fold].mean() < 0.9


def test_it_is_laid_from_observed_spots(pair, fold):
    """What lost spots hold changes nothing."""
    section, other = pair
    results = []
    for seed in (0, 1):
        adata = section.adata.copy()
        rng = np.random.default_rng(seed)
        counts = adata.X.tolil()
        counts[fold] = rng.poisson(3, (int(fold.sum()), adata.n_vars))
        adata.X = counts.tocsc()
        spoilt = Section.from_anndata(adata, name="spoilt")
        results.append(borrowed(spoilt, [other], fold)[1])
    one, two = results
    assert one.facts[0].alignment == two.facts[0].alignment
    np.testing.assert_array_equal(one.known[0].components, two.known[0].components)


def test_shuffled_genes_are_told_and_not_used(pair, fold):
    section, other = pair
    alone = enhance(section, fold, KRIGING)
    with pytest.warns(StentransWarning, match="is not used"):
        result = enhance(section, fold, KRIGING, neighbours=[shuffled(other)])
    assert result.record.findings["neighbour1_used"] == 0
    np.testing.assert_array_equal(result.gene("Gene1").mean, alone.gene("Gene1").mean)
    assert "was not used" in result.record.evidence_in_words


def test_it_is_silent_where_it_has_a_hole_or_does_not_reach(pair, lies):
    section, other = pair
    place = lies.back(section.xy[[250]])
    gone = np.linalg.norm(other.xy - place, axis=1) < 4.5 * other.lattice.spacing
    targets, found = borrowed(section, [Neighbour(other, lies, gone)])
    (known,) = found.known
    near = np.linalg.norm(targets.xy - section.xy[250], axis=1) < 2 * section.lattice.spacing
    assert known.blind[near].all()
    assert known.blind.mean() < 0.3


def test_it_is_silent_where_the_tissue_is_another_one(pair, lies):
    section, other = pair
    every = np.ones(section.n_spots, bool)
    joint = drain(joint_factors(section, other, every, np.ones(other.n_spots, bool)))
    there = joint.neighbour.at(lies.back(section.xy))
    bad = np.linalg.norm(section.xy - section.xy[250], axis=1) < 6 * section.lattice.spacing
    there[bad] = -2 * there[bad]
    silent = disagrees(joint, there, section.xy)
    core = np.linalg.norm(section.xy - section.xy[250], axis=1) < 4 * section.lattice.spacing
    far = np.linalg.norm(section.xy - section.xy[250], axis=1) > 10 * section.lattice.spacing
    assert silent[core].mean() > 0.6
    assert silent[far].mean() < 0.1


def test_what_one_does_not_say_another_does():
    rng = np.random.default_rng(0)
    field = rng.normal(size=(200, 3)).astype(np.float32)
    one, two = field.copy(), field + 0.1 * rng.normal(size=field.shape).astype(np.float32)
    one[:50], two[150:] = np.nan, np.nan
    one[:5] = two[:5] = np.nan
    xy, measured = rng.uniform(0, 10, (200, 2)), np.ones(200, bool)
    shown = together([Told(one), Told(two)], xy, measured)
    np.testing.assert_array_equal(np.flatnonzero(shown.blind), np.arange(5))
    told = ~shown.blind
    again = regressed(shown.components[told], field[told].astype(float), shown.components[told])
    assert np.corrcoef(again.ravel(), field[told].ravel())[0, 1] > 0.95


def test_a_run_is_repeated_from_its_record(pair, fold, tmp_path, monkeypatch):
    section, other = pair
    monkeypatch.chdir(tmp_path)
    section.adata.write_h5ad("one.h5ad")
    other.adata.write_h5ad("two.h5ad")
    (tmp_path / "lost.csv").write_text("\n".join(section.adata.obs_names[fold]))
    run = ["enhance", "one.h5ad", "--lost", "lost.csv", "--method", "kriging", "-o", "a.h5ad"]
    assert main([*run, "--neighbour", "two.h5ad"]) == 0
    assert main(["enhance", "--record", "a.run.json", "-o", "b.h5ad"]) == 0
    records = [RunRecord.read(f"{name}.run.json") for name in "ab"]
    assert records[0].neighbours == records[1].neighbours
    first, second = (read_section(f"{name}.h5ad").adata for name in "ab")
    assert_same_numbers(first.X.toarray(), second.X.toarray())
    made = {}
    exec(as_python(records[0]), made)
    assert made["result"].record.neighbours == records[0].neighbours
    line = as_command(records[0].model_copy(update={"lost": ()}))
    assert line.count("--neighbour") == 1
    assert main(["enhance", "--record", "a.run.json", "--neighbour", "x", "-o", "c.h5ad"]) == 1
    adata = other.adata.copy()
    adata.X[0, 0] += 1
    adata.write_h5ad("two.h5ad")
    assert main(["enhance", "--record", "a.run.json", "-o", "c.h5ad"]) == 1
    assert not (tmp_path / "c.h5ad").exists()


def test_a_session_keeps_what_was_borrowed(pair, lies, fold, tmp_path):
    section, other = pair
    result = enhance(section, fold, KRIGING, neighbours=[Neighbour(other, lies)])
    run = RunFacts(name="one", record=result.record)
    facts = SessionFacts(source="one.h5ad", digest=section.digest, gene="Gene1", runs=(run,))
    session = read_session(write_session(tmp_path / "a.stentrans", facts, None, [result]))
    again = session.result(section, 0)
    np.testing.assert_array_equal(again.borrowed, result.borrowed)
    assert again.record.neighbours == result.record.neighbours


def test_how_one_lies_by_hand_is_beyond_the_command_line(pair, lies):
    section, other = pair
    assert json.loads(lies.to_json())["by"] == "hand"
    record = enhance(section, None, KRIGING, neighbours=[Neighbour(other, lies)]).record
    record = record.model_copy(update={"source": "one.h5ad"})
    with pytest.raises(ConfigError, match="how a neighbouring section lies"):
        as_command(record)
    with pytest.raises(ConfigError, match="not read from a file"):
        as_python(record)


def test_each_lost_region_rests_on_its_own(pair, lies, fold, tmp_path, capsys):
    """Two holes and two neighbours, of which one does not reach the second hole."""
    section, other = pair
    far = np.linalg.norm(section.xy - section.xy[fold].mean(0), axis=1)
    second = np.linalg.norm(section.xy - section.xy[far.argmax()], axis=1)
    second = second < 3.2 * section.lattice.spacing
    place = lies.onto(other.xy)
    nearest = np.linalg.norm(place[:, None] - section.xy[second][None], axis=2).min(1)
    beyond = nearest < 2.5 * section.lattice.spacing
    adata = other.adata.copy()
    adata.X[0, 0] += 1
    again = Section.from_anndata(adata, name="again")
    given = [Neighbour(other, lies, beyond), Neighbour(again, lies)]
    result = enhance(section, fold | second, KRIGING, neighbours=given)
    regions = result.record.regions
    assert sorted(one.sites for one in regions) == sorted([fold.sum(), second.sum()])
    for one in regions:
        assert list(one.rests_on) == ["spots", "neighbour1", "neighbour2"]
        assert sum(one.rests_on.values()) == pytest.approx(1, abs=0.002)
    where = [np.linalg.norm(section.xy[second].mean(0) - one.middle) for one in regions]
    away, whole = regions[int(np.argmin(where))], regions[int(np.argmax(where))]
    assert away.rests_on["neighbour1"] == 0
    assert away.rests_on["neighbour2"] > 0.05
    assert whole.rests_on["neighbour1"] > 0.05
    told = result.record.evidence_in_words
    assert "Region 1 (" in told
    assert "Region 2 (" in told
    save(result, tmp_path / "a.h5ad", genes=["Gene1"])
    assert main(["info", str(tmp_path / "a.h5ad")]) == 0
    assert told in capsys.readouterr().out
    facts = json.loads(result.record.model_dump_json())
    del facts["regions"]
    assert "Region" not in RunRecord.model_validate(facts).evidence_in_words


def test_what_cannot_be_a_neighbour_is_refused(pair):
    section, other = pair
    with pytest.raises(SectionError, match="the section itself"):
        enhance(section, None, KRIGING, neighbours=[section])
    with pytest.raises(SectionError, match="given twice"):
        enhance(section, None, KRIGING, neighbours=[other, other])
    with pytest.raises(SectionError, match="At most 20"):
        enhance(section, None, KRIGING, neighbours=[other] * 21)
    few = Section.from_anndata(other.adata[:, :49].copy(), name="few")
    with pytest.raises(SectionError, match="at least 50 are needed"):
        enhance(section, None, KRIGING, neighbours=[few])
    gone = np.arange(other.n_spots) > 10
    with pytest.raises(SectionError, match="at least 20 are needed"):
        enhance(section, None, KRIGING, neighbours=[Neighbour(other, lost=gone)])
    with pytest.raises(MaskError):
        enhance(section, None, KRIGING, neighbours=[Neighbour(other, lost=[True])])
    with pytest.raises(SectionError, match="got int"):
        enhance(section, None, KRIGING, neighbours=[3])


def test_a_record_without_neighbours_keeps_opening(pair):
    record = enhance(pair[0], None, KRIGING).record
    facts = json.loads(record.model_dump_json())
    del facts["neighbours"]
    assert RunRecord.model_validate(facts).neighbours == ()
    assert isinstance(Alignment.from_json(Alignment(np.eye(3)).to_json()), Alignment)
