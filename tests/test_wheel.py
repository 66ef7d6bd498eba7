"""The wheel holds the four packages and the files that qkdctl finds by name once it is installed."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=REPOSITORY, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_packages(installed: Path) -> None:
    packages = {path.parent.name for path in installed.glob("*/__init__.py")}
    assert packages == {"qkdctl", "hil_sim", "qkdctl_drivers", "qkdctl_policies"}
    assert all((installed / package / "py.typed").is_file() for package in packages)


@pytest.mark.parametrize("name", ["systemd/qkdctl.service", "systemd/99-qkdctl.rules", "config/qkdctl.toml", "zoo"])
def test_files_are_found_in_the_wheel_as_in_a_checkout(installed: Path, name: str) -> None:
    code = f"from qkdctl.resources import resource; print(resource({name!r}))"
    for place in (installed, REPOSITORY):
        found = subprocess.run(
            [sys.executable, "-c", code], cwd=place, check=True, capture_output=True, text=True
        ).stdout.strip()
        assert Path(found).is_relative_to(place)


def test_an_unknown_file_is_named_with_the_places_looked_at(installed: Path) -> None:
    code = "from qkdctl.resources import resource; resource('config/nothing.toml')"
    failed = subprocess.run([sys.executable, "-c", code], cwd=installed, check=False, capture_output=True, text=True)
    assert failed.stderr.splitlines()[-1].startswith("FileNotFoundError: config/nothing.toml is missing")
