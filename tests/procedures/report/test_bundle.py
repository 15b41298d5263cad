"""`coldfinger bundle` and `unbundle`: what goes in comes out, is checked, and can do no harm."""

import hashlib
import io
import json
import shutil
import stat
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from coldfinger.analysis.across.family_fit import FitSettings
from coldfinger.instruments.calibration import read_calibration
from coldfinger.procedures.bundle.gather import station_files
from coldfinger.procedures.bundle.layout import BundleError, check_name
from coldfinger.procedures.bundle.make import make_bundle
from coldfinger.procedures.bundle.numbers import differences
from coldfinger.procedures.bundle.unpack import unbundle
from coldfinger.procedures.cli import main
from coldfinger.procedures.data.writer import RunWriter

QUICK = FitSettings(scan=False, sd_field=1.0)
CURVE = "T_K,R_ohm\n0.05,9000\n0.2,4000\n0.5,2500\n1,2000\n"


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def made(pair):
    return make_bundle([pair], QUICK)


@pytest.fixture
def archive(made, tmp_path) -> Path:
    path = tmp_path / "b.zip"
    path.write_bytes(made.content)
    return path


def changed(content: bytes, **files: bytes | None) -> bytes:
    """The archive with files replaced, added or (None) taken away; with the manifest's hashes put right."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        held = {info.filename: archive.read(info) for info in archive.infolist()}
    manifest = json.loads(held.pop("manifest.json"))
    for name, new in files.items():
        held.pop(name, None)
        if new is not None:
            held[name] = new
    listed = {file["path"]: file for file in manifest["files"]}
    manifest["files"] = [
        listed.get(name, {"what": ""}) | {"path": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in held.items()
    ]
    return packed({"manifest.json": json.dumps(manifest).encode(), **held})


def packed(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def held(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def test_a_bundle_comes_back_and_gives_every_number_again(pair, tmp_path):
    out = tmp_path / "b.zip"
    result = call("bundle", pair, "--sd-field", "1 Oe", "--out", out)
    assert result.exit_code == 0, result.output
    assert "2 runs" in result.stdout
    back = call("unbundle", out, "--verify", "--out", tmp_path / "back")
    assert back.exit_code == 0, back.output
    assert "2 journals whole" in back.stdout
    assert "all within 1e-09" in back.stdout
    mark = result.stdout.split("manifest: ")[1].split()[0]
    assert f"manifest {mark}" in back.stdout
    for run in ("run_100", "run_500"):
        for name in ("run.jsonl", "run.csv"):
            assert (tmp_path / "back" / "data" / run / name).read_bytes() == (pair / run / name).read_bytes()
    assert not list(tmp_path.glob(".unbundle*"))


def test_the_archive_says_what_is_in_it_and_how_to_make_it_again(made):
    files = held(made.content)
    manifest = json.loads(files["manifest.json"])
    assert {file["path"] for file in manifest["files"]} == set(files) - {"manifest.json"}
    for file in manifest["files"]:
        assert file["sha256"] == hashlib.sha256(files[file["path"]]).hexdigest()
    assert manifest["remake"] == "coldfinger report data --window '0.0 K..0.7 K' --sd-field '1.0 Oe'"
    assert json.loads(files["analysis/settings.json"])["sd_field"] == 1.0
    assert [figure["file"] for figure in manifest["figures"]] == [
        "figures/family-mine.svg",
        "figures/parameters-mine.svg",
        "figures/figure-1.svg",
    ]
    assert any(name.startswith("stations/bench-") for name in files)
    assert manifest["runs"][0]["versions"]["coldfinger"]
    assert manifest["remake"] in files["README.txt"].decode()
    assert manifest["simulated"]


def test_the_same_runs_give_the_same_bytes_wherever_they_lie(pair, made, tmp_path):
    shutil.copytree(pair, tmp_path / "elsewhere" / "runs")
    assert make_bundle([tmp_path / "elsewhere" / "runs"], QUICK).content == made.content


def test_the_folder_can_be_reported_again_with_the_stored_command(archive, tmp_path, monkeypatch):
    checked = unbundle(archive, tmp_path / "back")
    monkeypatch.chdir(tmp_path / "back")
    words = ["report", "data", "--window", "0.0 K..0.7 K", "--sd-field", "1.0 Oe", "--json", "n.json"]
    assert call(*words).exit_code == 0
    stored = json.loads((tmp_path / "back" / "analysis" / "numbers.json").read_text())
    again = json.loads((tmp_path / "back" / "n.json").read_text())["families"]
    for family in (*stored, *again):
        for entry in family["fields"]:
            entry.pop("moved_in_other_windows_sd")  # this bundle was made without other windows
    assert differences(stored, again) == []
    assert checked.folder == tmp_path / "back"


def test_without_verify_it_unpacks_beside_the_archive_and_verify_alone_keeps_nothing(archive, monkeypatch):
    monkeypatch.chdir(archive.parent)
    assert call("unbundle", "b.zip").exit_code == 0
    assert (archive.parent / "b" / "README.txt").exists()
    before = sorted(archive.parent.iterdir())
    assert call("unbundle", "b.zip", "--verify").exit_code == 0
    assert sorted(archive.parent.iterdir()) == before


def test_a_changed_number_is_named_with_its_field_and_nothing_is_kept(made, tmp_path):
    numbers = json.loads(held(made.content)["analysis/numbers.json"])
    numbers[0]["fields"][1]["fit"]["E_aI"]["value"] *= 1 + 1e-7
    numbers[0]["fields"][0]["saturation"] = "limit"
    (tmp_path / "b.zip").write_bytes(changed(made.content, **{"analysis/numbers.json": json.dumps(numbers).encode()}))
    result = call("unbundle", tmp_path / "b.zip", "--verify", "--out", tmp_path / "back")
    assert result.exit_code == 1
    assert "[mine].fields[500 Oe].fit.E_aI.value: stored 0.3" in result.stderr
    assert "[mine].fields[100 Oe].saturation: stored limit, found seen" in result.stderr
    assert not (tmp_path / "back").exists()
    wide = call("unbundle", tmp_path / "b.zip", "--verify", "--tolerance", "1e-6")
    assert "E_aI" not in wide.stderr


def test_a_changed_journal_is_named_even_with_a_right_sha256(made, tmp_path):
    name = "data/run_100/run.jsonl"
    spoilt = held(made.content)[name].replace(b'"point"', b'"poinx"', 1)
    (tmp_path / "b.zip").write_bytes(changed(made.content, **{name: spoilt}))
    result = call("unbundle", tmp_path / "b.zip", "--verify")
    assert result.exit_code == 1
    assert f"{name}: 0 damaged stored, 1 found" in result.stderr
    assert f"{name}: 16 rows stored, 15 found" in result.stderr


@pytest.mark.parametrize(
    "name",
    [
        "../evil",
        "/etc/evil",
        "data/../../evil",
        "C:/evil",
        "data\\..\\evil",
        "data//evil",
        "a\nb",
        "./a",
        "data/a.",
        "",
    ],
)
def test_a_name_that_leads_out_of_the_folder_is_refused(name, made, tmp_path):
    (tmp_path / "deep").mkdir()
    with pytest.raises(BundleError, match=r"may lead out of the folder"):
        check_name(name)
    if name:
        (tmp_path / "b.zip").write_bytes(changed(made.content, **{name: b"evil"}))
        with pytest.raises(BundleError, match=r"may lead out of the folder|zip archive"):
            unbundle(tmp_path / "b.zip", tmp_path / "deep" / "back")
        assert sorted(path.name for path in tmp_path.rglob("*")) == ["b.zip", "deep"]


def test_a_link_in_the_archive_is_refused(made, tmp_path):
    content = changed(made.content, link=b"/etc")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in held(content).items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFLNK | 0o777) << 16 if name == "link" else 0
            archive.writestr(info, data)
    (tmp_path / "b.zip").write_bytes(buffer.getvalue())
    with pytest.raises(BundleError, match="link is a link or a device"):
        unbundle(tmp_path / "b.zip", tmp_path / "back")
    assert not (tmp_path / "back").exists()


def with_another_byte(content: bytes) -> bytes:
    """The archive with one byte of the report changed: as large as before, and whole as a zip archive."""
    files = held(content)
    return packed(files | {"report.html": files["report.html"][:-1] + b"!"})


def manifest_with(content: bytes, **changes: object) -> bytes:
    files = held(content)
    manifest = json.loads(files["manifest.json"]) | changes
    return packed(files | {"manifest.json": json.dumps(manifest).encode()})


def spoiled(content: bytes) -> bytes:
    at = len(content) // 2
    return content[:at] + bytes(byte ^ 0xFF for byte in content[at : at + 64]) + content[at + 64 :]


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda b: b"", "is no whole zip archive"),
        (lambda b: b"PK\x03\x04 nothing", "is no whole zip archive"),
        (lambda b: b[: len(b) // 2], "is no whole zip archive"),
        (spoiled, "is no whole zip archive|is not the file of the manifest"),
        (lambda b: packed({"a.txt": b"hello"}), "without manifest.json, no bundle of coldfinger"),
        (lambda b: packed({"manifest.json": b"[1]"}), "its manifest.json is not that of a bundle"),
        (lambda b: manifest_with(b, format="other"), "its manifest.json is not that of a bundle"),
        (lambda b: manifest_with(b, load=["/etc"]), "may lead out of the folder"),
        (lambda b: manifest_with(b, load=["stations"]), "its manifest.json is not that of a bundle"),
        (lambda b: manifest_with(b, schema=2), "has schema 2, this program knows up to 1"),
        (lambda b: packed({**held(b), "extra.txt": b""}), "extra.txt is not in manifest.json"),
        (lambda b: packed({n: d for n, d in held(b).items() if n != "report.html"}), "report.html is missing"),
        (lambda b: packed(held(b) | {"report.html": b"other"}), "report.html is not the file of the manifest"),
        (with_another_byte, "report.html is not the file of the manifest"),
        (lambda b: changed(b, **{"ReadMe.txt": b"x"}), "is there twice"),
    ],
)
def test_a_damaged_archive_is_one_sentence_and_changes_nothing(spoil, sentence, made, tmp_path):
    (tmp_path / "b.zip").write_bytes(spoil(made.content))
    with pytest.raises(BundleError, match=sentence) as caught:
        unbundle(tmp_path / "b.zip", tmp_path / "back", verify=True)
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["b.zip"]


def test_settings_that_are_none_are_one_sentence(made, tmp_path):
    (tmp_path / "b.zip").write_bytes(changed(made.content, **{"analysis/settings.json": b'{"T_mox": 1}'}))
    with pytest.raises(BundleError, match="cannot be read; was the bundle made by hand"):
        unbundle(tmp_path / "b.zip", None, verify=True)


def test_an_archive_larger_than_the_disk_is_refused_before_it_is_unpacked(made, tmp_path):
    files = json.loads(held(made.content)["manifest.json"])["files"]
    files[0]["bytes"] = 10**18
    (tmp_path / "b.zip").write_bytes(manifest_with(made.content, files=files))
    with pytest.raises(BundleError, match=r"holds 1000000000\.0 GB, more than the disk has free"):
        unbundle(tmp_path / "b.zip", tmp_path / "back")


def test_a_run_that_is_still_written_is_not_bundled(tmp_path):
    with RunWriter(tmp_path / "run", header={"simulated": True}, columns=["T (K)"], sync=False) as writer:
        writer.point({"T (K)": 1.0})
        with pytest.raises(BundleError, match="is still being written; bundle it when it has ended"):
            make_bundle([tmp_path], QUICK)
        writer.end("done")


def test_a_damaged_run_is_left_out_and_named(pair, tmp_path):
    shutil.copytree(pair, tmp_path / "runs")
    (tmp_path / "runs" / "run_300").mkdir()
    (tmp_path / "runs" / "run_300" / "run.jsonl").write_bytes(b"spoilt\n")
    result = call("bundle", tmp_path / "runs", "--out", tmp_path / "b.zip")
    assert result.exit_code == 1
    assert "left out: run file" in result.stderr
    assert "run_300" in json.loads(held((tmp_path / "b.zip").read_bytes())["manifest.json"])["left_out"][0]


def test_calibration_files_come_along_where_they_are_still_those_of_the_run(tmp_path):
    curve = tmp_path / "ruo2.csv"
    curve.write_text(CURVE)
    text = '[thermometer]\ncalibration = "ruo2.csv"\n'
    station = {"name": "lab", "source": str(tmp_path / "lab.toml"), "text": text}
    header = {"station": station, "calibration": {"name": "ruo2", "hash": read_calibration(curve).hash}}
    (kept, entry), said = station_files([header, header])
    assert (kept.content.decode(), entry.content, said) == (text, curve.read_bytes(), [])
    assert entry.path.endswith("-ruo2.csv")
    (_,), (said,) = station_files([header | {"calibration": {"hash": "00"}}])
    assert said.startswith(
        "station lab: the calibration file ruo2.csv is not the one that the runs used; the runs hold"
    )
    curve.write_text("something else")
    assert "cannot be understood any more" in station_files([header])[1][0]
    curve.unlink()
    assert "is not on this computer" in station_files([header])[1][0]
    assert "cannot be read as TOML" in station_files([{"station": station | {"text": "= ="}}])[1][0]
    assert station_files([{}]) == ([], ["a run does not hold the text of its station"])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["bundle"], "no runs were given; name a folder: coldfinger bundle data"),
        (["bundle", "{empty}"], "bundle: there is nothing to bundle: folder"),
        (["bundle", "{runs}", "--out", "b.tar"], "the name must end with .zip; name it b.zip"),
        (["bundle", "{runs}", "--out", "none/b.zip"], "there is no folder none"),
        (["bundle", "film.png"], "is a picture; a bundle is made of runs and tables"),
        (["bundle", "{runs}", "--window", "7"], "has no unit"),
        (["unbundle", "none.zip"], "none.zip: it does not exist; check the path"),
        (["unbundle", "none.zip", "--out", "empty"], "empty: it exists already; choose another folder"),
        (["unbundle", "none.zip", "--out", "a/b"], "there is no folder a; choose another folder"),
        (["unbundle", "none.zip", "--tolerance", "2"], "--tolerance 2: it must be from 0 to below 1"),
    ],
)
def test_a_mistake_is_one_sentence_and_nothing_is_written(arguments, sentence, tmp_path, monkeypatch, pair):
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(tmp_path)
    result = call(*(argument.format(runs=pair, empty=empty) for argument in arguments))
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_a_name_that_other_computers_cannot_hold_is_refused_when_it_goes_in(pair, tmp_path):
    shutil.copytree(pair / "run_100", tmp_path / "run: 100")
    with pytest.raises(BundleError, match=r"is not possible on every computer; rename it"):
        make_bundle([tmp_path / "run: 100"], QUICK)


def test_numbers_are_compared_within_the_tolerance_and_remarks_are_not():
    stored = [{"name": "a", "value": 1.0, "law": "eq1", "remarks": ["1.5 s.d."], "none": None, "list": [1.0, 2.0]}]
    same = [{**stored[0], "value": 1.0 + 1e-12, "remarks": ["1.6 s.d.", "more"]}]
    assert differences(stored, same) == []
    other = [{**stored[0], "law": "eq2", "none": 1.0, "list": [1.0]}]
    assert differences(stored, other) == [
        "[a].law: stored eq1, found eq2",
        "[a].none: stored None, found 1.0",
        "[a].list: 2 stored, 1 found",
    ]
    assert differences({"a": 1}, {"b": 1}) == ["a: it is stored and not found", "b: it is found and not stored"]
    assert differences([True], [1]) == ["[0]: stored True, found 1"]
