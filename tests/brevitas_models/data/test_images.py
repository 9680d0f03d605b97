import re
from pathlib import Path

import numpy as np
import pytest

from brevitas_models.data.images import load_folder, match_classes, read_image, read_mask, to_float
from brevitas_models.data.index import Row
from finn_build.errors import DataError
from tests.brevitas_models.nets import write_image


def pixels(value: int, size: int = 10) -> np.ndarray:
    return np.full((size, size), value, dtype=np.uint8)


def indexed(root: Path, rows: str) -> Path:
    for name in re.findall(r"^\w+\.png", rows, re.MULTILINE):
        write_image(root / name, pixels(len(name)))
    (root / "index.csv").write_text(rows)
    return root


def class_folders(root: Path, counts: dict[str, int]) -> Path:
    for label, count in counts.items():
        for number in range(count):
            write_image(root / label / f"{number:03d}.png", pixels(number))
    return root


def test_index_gives_classes_splits_and_names(tmp_path: Path) -> None:
    root = indexed(tmp_path, "path,class,group,split\na.png,rust,1,train\nb.png,dent,2,val\nc.png,rust,3,test\n")
    data = load_folder(root, size=8)
    assert data.images.shape == (3, 1, 8, 8) and data.images.dtype == np.uint8
    assert data.classes == ("dent", "rust") and data.labels.tolist() == [1, 0, 1]
    assert data.splits.tolist() == ["train", "val", "test"]
    assert data.split("test").names == ("c.png",)


def test_a_group_in_two_splits_is_an_error(tmp_path: Path) -> None:
    root = indexed(tmp_path, "path,class,group,split\na.png,rust,7,train\nb.png,rust,7,test\n")
    with pytest.raises(DataError, match="group '7' is in both train and test; give it one split"):
        load_folder(root, size=8)


def test_index_without_splits_is_split_by_whole_groups(tmp_path: Path) -> None:
    rows = [f"i{n}.png,{'ab'[n % 2]},g{n % 2}_{n // 8}" for n in range(160)]
    data = load_folder(indexed(tmp_path, "path,class,group\n" + "\n".join(rows) + "\n"), size=4, seed=3)
    split_of: dict[str, set[str]] = {}
    for row, split in zip(rows, data.splits, strict=True):
        split_of.setdefault(row.split(",")[2], set()).add(str(split))
    assert len(split_of) == 40 and all(len(splits) == 1 for splits in split_of.values())
    assert {name: len(data.split(name)) for name in ("train", "val", "test")} == {"train": 112, "val": 16, "test": 32}


def test_every_image_is_tested_in_its_own_fold_and_chooses_in_the_one_before(tmp_path: Path) -> None:
    lines = "".join(f"i{n}.png,{'ab'[n % 2]},g{n // 2},train,{n // 2}\n" for n in range(10))
    root = indexed(tmp_path, "path,class,group,split,fold5\n" + lines)
    table = [load_folder(root, size=4, fold=fold).splits.tolist()[::2] for fold in range(5)]
    assert table == [
        ["test", "val", "train", "train", "train"],
        ["train", "test", "val", "train", "train"],
        ["train", "train", "test", "val", "train"],
        ["train", "train", "train", "test", "val"],
        ["val", "train", "train", "train", "test"],
    ]


def test_folds_dealt_without_a_column_keep_groups_whole_and_classes_even(tmp_path: Path) -> None:
    rows = [f"i{n}.png,{'aab'[n % 3]},g{n % 3}_{n // 9}" for n in range(180)]
    root = indexed(tmp_path, "path,class,group\n" + "\n".join(rows) + "\n")
    groups = np.array([row.split(",")[2] for row in rows])
    tested: list[str] = []
    for fold in range(5):
        data = load_folder(root, size=4, seed=3, fold=fold)
        parts = [set(groups[data.splits == name]) for name in ("train", "val", "test")]
        assert sum(map(len, parts)) == len(set().union(*parts)) == 60
        assert np.bincount(data.split("test").labels).tolist() == [24, 12]
        tested += data.split("test").names
    assert sorted(tested) == sorted(row.split(",")[0] for row in rows)
    again, other = (load_folder(root, 4, seed=seed, fold=4).split("test").names for seed in (3, 4))
    assert list(again) == tested[-36:] != list(other)


@pytest.mark.parametrize(
    ("rows", "fold", "message"),
    [
        ("path,class\na.png,x\n", 5, "fold 5 does not exist; folds are 0 to 4"),
        ("path,class\na.png,x\n", 0, "class 'x' has 1 groups of images; 5 folds need at least 5"),
        ("path,class,fold5\na.png,x,0\nb.png,x,\n", 0, "b.png: fold5 is '' in the index, not 0 to 4"),
        ("path,class,fold5\na.png,x,0\nb.png,x,5\n", 0, "b.png: fold5 is '5' in the index, not 0 to 4"),
        ("path,class,group,fold5\na.png,x,7,0\nb.png,x,7,1\n", 3, "group '7' is in both 0 and 1; give it one fold"),
    ],
)
def test_a_wrong_fold_is_explained(tmp_path: Path, rows: str, fold: int, message: str) -> None:
    with pytest.raises(DataError, match=re.escape(message)):
        load_folder(indexed(tmp_path, rows), size=4, fold=fold)


def test_folds_of_unlabelled_images_are_an_error(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png", pixels(3))
    with pytest.raises(DataError, match=r"folds need labels; add an index\.csv or a sub-folder per class"):
        load_folder(tmp_path, size=4, fold=0)


def test_class_folders_are_split_7_1_2_with_a_warning(tmp_path: Path) -> None:
    root = class_folders(tmp_path, {"a": 40, "b": 20})
    with pytest.warns(UserWarning, match="groups of related images are unknown"):
        data = load_folder(root, size=4, seed=1)
    for label, count in ((0, 40), (1, 20)):
        sizes = [int((data.split(name).labels == label).sum()) for name in ("train", "val", "test")]
        assert sizes == [count * 7 // 10, count // 10, count * 2 // 10]


@pytest.mark.filterwarnings("ignore:.*groups of related images")
def test_the_seed_decides_the_split(tmp_path: Path) -> None:
    root = class_folders(tmp_path, {"a": 30, "b": 30})
    first, again, other = (load_folder(root, 4, seed=seed).splits.tolist() for seed in (0, 0, 1))
    assert first == again != other


def test_flat_folder_has_no_labels_and_no_splits(tmp_path: Path) -> None:
    for name in ("b.png", "a.png"):
        write_image(tmp_path / name, pixels(3))
    data = load_folder(tmp_path, size=4, channels=3)
    assert data.names == ("a.png", "b.png") and data.labels.tolist() == [-1, -1]
    assert data.images.shape == (2, 3, 4, 4)
    with pytest.raises(DataError, match="split 'train' holds no image; splits of this data: none"):
        data.split("train")


def test_same_size_images_are_read_unchanged(tmp_path: Path) -> None:
    original = np.random.default_rng(0).integers(0, 256, (12, 12), dtype=np.uint8)
    assert np.array_equal(read_image(write_image(tmp_path / "a.png", original), 12)[0], original)


def test_to_float_is_exactly_pixel_over_256() -> None:
    assert np.array_equal(to_float(np.arange(256, dtype=np.uint8)) * 256, np.arange(256))


def test_match_classes_follows_the_networks_order(tmp_path: Path) -> None:
    data = load_folder(indexed(tmp_path, "path,class,split\na.png,rust,test\nb.png,dent,test\n"), size=4)
    matched = match_classes(data, ("rust", "hole", "dent"))
    assert matched.labels.tolist() == [0, 2] and matched.classes == ("rust", "hole", "dent")
    with pytest.raises(DataError, match="class 'rust' is not one of the network's: dent, hole"):
        match_classes(data, ("dent", "hole"))


def test_match_classes_keeps_unknown_labels(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png", pixels(1))
    assert match_classes(load_folder(tmp_path, size=4), ("x", "y")).labels.tolist() == [-1]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("path,label\na.png,rust\n", "index.csv: no column class; it has path, label"),
        ("path,class,split\na.png,rust,exam\n", "index.csv:2: split 'exam' is not one of train, val, test"),
        ("path,class\na.png,\n", "index.csv:2: path and class must not be empty"),
        ("path,class\ngone/x.png,rust\n", "gone/x.png: no such image"),
        ("path,class\n", "lists no image"),
    ],
)
def test_bad_indexes_are_named(rows: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=re.escape(message)):
        load_folder(indexed(tmp_path, rows), size=4)


def test_missing_empty_mixed_and_unreadable_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere: no such folder"):
        load_folder(tmp_path / "nowhere", size=4)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="empty: no images"):
        load_folder(tmp_path / "empty", size=4)
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "x.jpg").write_text("no image")
    with pytest.raises(DataError, match=r"x\.jpg: not a readable image"):
        load_folder(tmp_path / "bad", size=4)
    class_folders(tmp_path / "mixed", {"a": 2})
    write_image(tmp_path / "mixed" / "loose.png", pixels(0))
    with pytest.raises(DataError, match=r"images beside class sub-folders; move loose\.png"):
        load_folder(tmp_path / "mixed", size=4)


def test_a_truncated_image_is_named(tmp_path: Path) -> None:
    path = write_image(tmp_path / "a.png", np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8))
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(DataError, match=r"a\.png: not a readable image"):
        load_folder(tmp_path, size=8)


def masked(root: Path, rows: str) -> Path:
    """Images with masks: the left half of each mask is 255, the right half 127."""
    mask = np.full((10, 10), 127, dtype=np.uint8)
    mask[:, :5] = 255
    for name in set(re.findall(r"\w+_mask\.png", rows)):
        write_image(root / name, mask)
    return indexed(root, "path,class,split,mask\n" + rows)


def test_masks_are_0_and_1_of_the_nearest_pixel(tmp_path: Path) -> None:
    data = load_folder(masked(tmp_path, "a.png,rust,train,a_mask.png\nb.png,free,test,\n"), size=(3, 4), masks=True)
    assert data.masks is not None and data.masks.shape == (2, 3, 4) and data.masks.dtype == np.uint8
    assert data.masks[0].tolist() == [[1, 1, 0, 0]] * 3 and not data.masks[1].any()
    test = data.split("test")
    assert test.names == ("b.png",) and test.masks is not None and test.masks.shape == (1, 3, 4)
    assert load_folder(tmp_path, size=4).masks is None


def test_a_defect_without_a_mask_is_left_out_with_a_warning(tmp_path: Path) -> None:
    root = masked(tmp_path, "a.png,rust,train,a_mask.png\nb.png,dent,test,\nc.png,rust,val,\n")
    with pytest.warns(UserWarning, match=r"2 images without a mask are left out \(dent, rust\)"):
        data = load_folder(root, size=4, masks=True)
    assert data.names == ("a.png",) and data.classes == ("rust",)


def test_chosen_classes_are_read_alone(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    root = masked(tmp_path, "a.png,rust,train,a_mask.png\nb.png,dent,test,\nc.png,free,val,\n")
    data = load_folder(root, size=4, masks=True, classes=("rust", "free"))
    assert data.names == ("a.png", "c.png") and data.classes == ("free", "rust") and not recwarn
    with pytest.raises(DataError, match="no image of class 'rus'; classes: dent, free, rust"):
        load_folder(root, size=4, classes=["rus"])


def test_masks_that_are_not_there_are_errors(tmp_path: Path) -> None:
    root = indexed(tmp_path, "path,class,mask\na.png,rust,lost.png\n")
    with pytest.raises(DataError, match=r"lost\.png: no such image"):
        load_folder(root, size=4, masks=True)
    (root / "index.csv").write_text("path,class\na.png,rust\n")
    with pytest.raises(DataError, match=r"no masks; name them in a column 'mask' of index\.csv"):
        load_folder(root, size=4, masks=True)
    assert read_mask(Row(Path()), 3).tolist() == [[0] * 3] * 3
