"""Fetches and unpacks a source package from the package index that pip uses: fetch_sdist.py NAME VERSION FOLDER."""

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path


def main() -> None:
    name, version, folder = sys.argv[1:]
    with tempfile.TemporaryDirectory() as work:
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
             "--no-binary", ":all:", "--dest", work, f"{name}=={version}"],
            check=False)
        found = list(Path(work).glob("*.tar.gz"))
        if not found:
            sys.exit(f"error: pip could not fetch the source package {name} {version}: is PyPI reachable?")
        with tarfile.open(found[0]) as archive:
            archive.extractall(folder)


main()
