"""The published network, its packing of spots, and its training."""

import numpy as np
import pytest
import torch
from same_numbers import assert_same_numbers

from napari_stentrans.config import EnhanceConfig, PublishedConfig
from napari_stentrans.errors import ConfigError, EnhancementFailed, StentransWarning
from napari_stentrans.lattice import Lattice
from napari_stentrans.methods.packing import PackedSpots, Packing
from napari_stentrans.methods.published import Published
from napari_stentrans.methods.stentrans_net import (
    FEW_TOKENS,
    StentransNet,
    attend,
    masked_loss,
    position_code,
    weave,
)
from napari_stentrans.methods.training import maps_of
from napari_stentrans.progress import drain

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _one_thread():
    """Threads cost more than they save on maps this small."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def grid(kind, rows, columns):
    """Positions of a full grid of spots and their lattice."""
    rc = np.argwhere(np.ones((rows, columns))).astype(float)
    if kind == "hex":
        rc[:, 1] = 2 * rc[:, 1] + rc[:, 0] % 2
    xy = 10 * rc[:, ::-1] * ([0.5, 3**0.5 / 2] if kind == "hex" else [1, 1])
    return xy, Lattice.of(xy, rc)


def smooth_counts(xy, genes, seed=0):
    """Poisson counts (spot, gene) of smooth waves."""
    rng = np.random.default_rng(seed)
    wave = np.sin(xy @ rng.normal(0, 0.03, (2, genes)) + rng.uniform(0, 6, genes))
    return rng.poisson(4 * np.exp(wave)).astype(np.float32)


def small(lattice, **settings):
    settings = {"patch_size": 2, "heads": 2, "depth": 2, "epochs": 3, "batch_size": 8} | settings
    return Published(EnhanceConfig(device="cpu", published=PublishedConfig(**settings)), lattice)


def run(method, xy, values, sites):
    steps = list(method.fit(xy, values))
    return steps, drain(method.predict(sites, slice(None))).mean


# --- network


@pytest.mark.parametrize("name", ["network_p3_h4_d12", "network_p4_h8_d2"])
def test_network_agrees_with_the_published_one(golden_dir, name):
    golden = np.load(golden_dir / f"{name}.npz")
    net = StentransNet(*(int(golden[key]) for key in ("patch_size", "num_heads", "depth")))
    weights = {key[7:]: torch.tensor(golden[key]) for key in golden if key.startswith("weight.")}
    net.load_state_dict(weights)
    with torch.no_grad():
        output = net(torch.tensor(golden["input"]))
    np.testing.assert_allclose(output, golden["output"], atol=1e-5)
    assembled = weave(output)[:, :-2, :-4]
    np.testing.assert_allclose(assembled, golden["assembled"], atol=1e-5)
    target, in_tissue = torch.tensor(golden["target"][:, 0]), torch.tensor(golden["in_tissue"])
    assert masked_loss(assembled, target, in_tissue) == pytest.approx(float(golden["loss"]), 1e-5)


def test_attention_is_the_same_for_few_tokens_and_for_many():
    q, k, v = torch.randn(3, 2, 4, FEW_TOKENS, 9, generator=torch.Generator().manual_seed(0))
    fused = torch.nn.functional.scaled_dot_product_attention(q, k, v)
    torch.testing.assert_close(attend(q, k, v), fused)
    more = [torch.cat([x, x], 2) for x in (q, k, v)]  # each key twice changes nothing
    torch.testing.assert_close(attend(*more)[:, :, :FEW_TOKENS], fused)


def test_residual_adds_the_input_to_each_channel():
    torch.manual_seed(0)
    plain, residual = StentransNet(2, 2, 1), StentransNet(2, 2, 1, residual=True)
    residual.load_state_dict(plain.state_dict())
    maps = torch.rand(3, 1, 4, 6)
    with torch.no_grad():
        torch.testing.assert_close(residual(maps), plain(maps) + maps)


def test_maps_of_any_size_are_padded_and_cut_back():
    torch.manual_seed(0)
    net, maps = StentransNet(3, 4, 1), torch.rand(2, 5, 7)
    with torch.no_grad():
        finer = net.upsample(maps)
        padded = torch.nn.functional.pad(maps, (0, 2, 0, 1))
        torch.testing.assert_close(finer, net.upsample(padded)[:, :10, :14])
    assert finer.shape == (2, 10, 14)


def test_position_code_doubles_the_even_index():
    code = position_code(5, 16)
    assert code[3, 4] == pytest.approx(np.sin(3 / 10000 ** (8 / 16)))
    assert code[3, 5] == pytest.approx(np.cos(3 / 10000 ** (8 / 16)))


# --- packing


def golden_spots(golden, kind):
    rc = golden["coords"]
    xy = rc[:, ::-1] * ([0.5, 3**0.5 / 2] if kind == "hex" else [1, 1])
    lattice = Lattice.of(xy, rc)
    assert lattice.kind == kind
    return xy, lattice, PackedSpots.of(xy, lattice)


@pytest.mark.parametrize("kind", ["square", "hex"])
def test_packing_agrees_with_the_published_one(golden_dir, kind):
    golden = np.load(golden_dir / f"lattice_{kind}.npz")
    xy, _, spots = golden_spots(golden, kind)
    whole = maps_of(golden["counts"], spots.cell, spots.shape, CPU)
    np.testing.assert_array_equal(whole, golden["test_input"])

    rows, columns = golden["imputed_row"].shape
    assert (rows, columns) == (2 * spots.shape[0], 2 * spots.shape[1])
    rc = spots.packing.rc(np.argwhere(np.ones((rows, columns))))
    np.testing.assert_array_equal(rc[:, 0], golden["imputed_row"].ravel())
    np.testing.assert_array_equal(rc[:, 1], golden["imputed_col"].ravel())

    target = maps_of(golden["counts"][spots.train_spot], spots.train_cell, spots.train_shape, CPU)
    ones = np.ones((len(spots.train_spot), 1), np.float32)
    in_tissue = maps_of(ones, spots.train_cell, spots.train_shape, CPU)[0]
    # 17 columns of A1: the published program trains on 16 of them, we on all (and an empty one).
    high, wide = golden["in_tissue"].shape
    assert spots.train_shape == ((high, wide) if kind == "hex" else (high, wide + 2))
    np.testing.assert_array_equal(target[:, :high, :wide], golden["train_hr"])
    np.testing.assert_array_equal(target[:, :high:2, :wide:2], golden["train_lr"])
    np.testing.assert_array_equal(in_tissue[:high, :wide], golden["in_tissue"])
    if kind == "square":
        assert len(spots.train_spot) == len(xy)


@pytest.mark.parametrize("kind", ["square", "hex"])
def test_a_site_has_its_own_cell(kind):
    xy, lattice = grid(kind, 9, 7)
    spots = PackedSpots.of(xy, lattice)
    cells = spots.sites(xy, lattice)
    row, column = np.divmod(cells, 2 * spots.shape[1])
    assert (row % 2 == 0).all()
    assert (column % 2 == 0).all()
    np.testing.assert_array_equal((row // 2) * spots.shape[1] + column // 2, spots.cell)
    between = spots.sites(lattice.between(xy), lattice)
    row, column = np.divmod(between, 2 * spots.shape[1])
    assert ((row % 2 == 1) | (column % 2 == 1)).all()
    assert len(np.unique(between)) == len(between)
    np.testing.assert_allclose(
        lattice.xy(spots.packing.rc(np.column_stack([row, column]))), lattice.between(xy), atol=1e-9
    )


def test_spots_measured_by_hand_are_read_at_their_own_cell():
    xy, lattice = grid("square", 6, 6)
    off = xy + np.random.default_rng(0).uniform(-2.8, 2.8, xy.shape) * [1, 0]  # of a spacing of 10
    spots = PackedSpots.of(off, lattice)
    np.testing.assert_array_equal(spots.sites(off, lattice), spots.sites(xy, lattice))


def test_sites_outside_the_grid_read_its_border():
    xy, lattice = grid("square", 4, 5)
    spots = PackedSpots.of(xy, lattice)
    cells = spots.sites(np.array([[-500.0, -500], [500, 500]]), lattice)
    assert cells.tolist() == [0, 8 * 10 - 1]


@pytest.mark.parametrize("kind", ["square", "hex"])
def test_a_thinned_section_is_packed_by_the_spots_that_are_left(kind):
    xy, lattice = grid(kind, 12, 16)
    nodes = lattice.nodes(xy)
    seen = (nodes % (2 if kind == "square" else (2, 4)) == 0).all(1)
    spots = PackedSpots.of(xy[seen], lattice)
    assert spots.shape == (6, 8)
    assert len(np.unique(spots.cell)) == seen.sum() == 48
    # The paper's pair: what is seen is the input, the whole section its map of twice the size.
    expected = Packing.of(nodes, lattice).coarser(nodes).cells(nodes)
    inside = expected[:, 1] < 16  # the last spots of odd hex rows lie past it
    assert (~inside).sum() == (0 if kind == "square" else 6)
    found = np.column_stack(np.divmod(spots.sites(xy, lattice), 16))
    np.testing.assert_array_equal(found[inside], expected[inside])
    np.testing.assert_array_equal(found[~inside], expected[~inside] - [0, 1])


# --- training


@pytest.mark.parametrize("kind", ["square", "hex"])
def test_training_lowers_the_loss_and_predicts_every_site(kind):
    xy, lattice = grid(kind, 16, 16)
    counts = smooth_counts(xy, 24)
    sites = np.concatenate([xy, lattice.between(xy)])
    method = small(lattice, epochs=60, learning_rate=3e-3)
    steps, mean = run(method, xy, counts, sites)
    losses = [step.loss for step in steps if step.loss is not None]
    assert losses[-1] < 0.5 * losses[0]
    assert [step.done for step in steps if step.stage == "training"][-1] == 60 * 24
    assert mean.shape == (len(sites), 24)
    assert mean.dtype == np.float32
    assert (mean >= 0).all()
    at_spots = [np.corrcoef(mean[: len(xy), g], counts[:, g])[0, 1] for g in range(24)]
    assert np.median(at_spots) > 0.5


def test_the_same_seed_gives_the_same_numbers_and_spares_the_users_random_state():
    xy, lattice = grid("square", 8, 8)
    counts = smooth_counts(xy, 12)
    torch.manual_seed(7)
    before = torch.get_rng_state()
    np.random.seed(7)  # noqa: NPY002 - the state that must be left alone
    numpy_before = np.random.get_state()[1].copy()  # noqa: NPY002
    _, first = run(small(lattice), xy, counts, xy)
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_before)  # noqa: NPY002
    torch.manual_seed(99)
    _, second = run(small(lattice), xy, counts, xy)
    assert_same_numbers(first, second)


def test_parts_of_a_batch_add_up_to_the_batch(monkeypatch):
    xy, lattice = grid("hex", 10, 8)
    counts = smooth_counts(xy, 12)
    whole, first = run(small(lattice), xy, counts, xy)
    monkeypatch.setattr(Published, "_at_once", lambda *_: 3)
    parts, second = run(small(lattice), xy, counts, xy)
    assert len(parts) > len(whole)
    assert parts[-1].loss == pytest.approx(whole[-1].loss, rel=1e-4)
    np.testing.assert_allclose(first, second, atol=1e-2)


def test_only_the_asked_genes_are_predicted():
    xy, lattice = grid("square", 8, 8)
    method = small(lattice)
    _, every = run(method, xy, smooth_counts(xy, 12), xy)
    some = drain(method.predict(xy[:5], np.array([7, 2]))).mean
    np.testing.assert_allclose(some, every[:5][:, [7, 2]], rtol=1e-4, atol=1e-5)


def test_values_are_never_asked_for_all_at_once():
    xy, lattice = grid("square", 8, 8)
    counts = smooth_counts(xy, 2500)

    class Columns:
        shape = counts.shape
        widest = 0

        def __getitem__(self, key):
            taken = counts[key]
            Columns.widest = max(Columns.widest, taken.shape[1])
            return taken

    method = small(lattice, epochs=1, batch_size=512)
    _, mean = run(method, xy, Columns(), xy[:3])
    assert mean.shape == (3, 2500)
    assert Columns.widest <= 1024


def test_rare_genes_are_predicted_but_not_trained_on():
    xy, lattice = grid("square", 8, 8)
    counts = smooth_counts(xy, 12)
    rare = np.zeros((len(xy), 3), np.float32)
    rare[:6] = 5  # 9% of the spots
    steps, mean = run(small(lattice), xy, np.hstack([counts, rare]), xy)
    assert next(step.total for step in steps if step.stage == "training") == 3 * 12
    assert mean.shape[1] == 15


def test_genes_seen_too_rarely_are_used_when_there_are_no_others():
    xy, lattice = grid("square", 8, 8)
    rare = np.zeros((len(xy), 3), np.float32)
    rare[:3] = 1
    with pytest.warns(StentransWarning, match="more than 10% of the spots.*the 3 genes"):
        run(small(lattice), xy, rare, xy)


def test_closing_stops_and_leaves_nothing_behind():
    xy, lattice = grid("square", 8, 8)
    method = small(lattice, epochs=1000)
    steps = method.fit(xy, smooth_counts(xy, 12))
    while next(steps).stage != "training":
        pass
    assert torch.is_grad_enabled()
    steps.close()
    with pytest.raises(EnhancementFailed, match="must be fitted"):
        drain(method.predict(xy, slice(None)))


# --- what cannot be


def test_an_irregular_section_is_refused():
    xy = np.random.default_rng(0).uniform(0, 100, (60, 2))
    with pytest.raises(EnhancementFailed, match=r"square or hex lattice.*'kriging'"):
        Published(EnhanceConfig(method="published"), Lattice.of(xy))


def test_heads_must_divide_the_width():
    _, lattice = grid("square", 8, 8)
    with pytest.raises(ConfigError, match=r"heads must divide .* = 36, got 5"):
        small(lattice, patch_size=3, heads=5)


def test_nothing_to_learn_from_is_said():
    xy, lattice = grid("square", 8, 8)
    with pytest.raises(EnhancementFailed, match="nothing to learn from"):
        drain(small(lattice).fit(xy, np.zeros((len(xy), 4), np.float32)))
    with pytest.raises(EnhancementFailed, match="no observed spots"):
        drain(small(lattice).fit(xy[:0], np.zeros((0, 4), np.float32)))


def test_training_that_diverges_is_said():
    xy, lattice = grid("square", 8, 8)
    counts = np.full((len(xy), 4), 1e30, np.float32)
    with pytest.raises(EnhancementFailed, match=r"diverged.*lower learning rate"):
        drain(small(lattice).fit(xy, counts))


def test_the_papers_settings_follow_the_lattice():
    square, hexagonal = (
        Published(EnhanceConfig(), grid(kind, 8, 8)[1]).new_network() for kind in ("square", "hex")
    )
    assert (square.patch, square.blocks[0].attn.heads, len(square.blocks)) == (3, 4, 12)
    assert (hexagonal.patch, hexagonal.blocks[0].attn.heads, len(hexagonal.blocks)) == (8, 8, 12)
