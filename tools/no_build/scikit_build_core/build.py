"""Answers pip's question for a source package's metadata from its PKG-INFO, so that setup runs no build tools.

`pip download` of sources asks the package's build backend (here scikit_build_core.build) for the metadata, and would
install that backend, unpinned, to do so. tools/setup.sh puts this folder on PYTHONPATH instead.
"""
from pathlib import Path


def get_requires_for_build_wheel(config_settings=None):
    return []


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    """Copies PKG-INFO, which every source package carries, as the metadata."""
    text = Path("PKG-INFO").read_text(encoding="utf-8")
    fields = dict(line.split(": ", 1) for line in text.split("\n\n")[0].splitlines() if line.startswith(("Name: ", "Version: ")))
    folder = Path(metadata_directory, f"{fields['Name'].replace('-', '_')}-{fields['Version']}.dist-info")
    folder.mkdir()
    (folder / "METADATA").write_text(text, encoding="utf-8")
    return folder.name


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    raise NotImplementedError("setup only downloads sources, it builds no wheel")
