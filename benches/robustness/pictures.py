"""The pictures: photographs, paintings and drawings that Debian packages ship, no two of them alike."""

import re
import subprocess
from pathlib import Path

from PIL import Image

import penstock

# Package → folders below `usr/share` whose pictures are taken, and how many at most. The nebulae are dark and much
# alike, the portraits are cut out on white: both are tests of false matches.
PACKAGES = {
    "gnome-backgrounds": [("backgrounds/gnome", 100)],
    "lomiri-wallpapers-16.04": [("backgrounds", 100)],
    "lomiri-wallpapers-20.04": [("backgrounds", 100)],
    "lxqt-themes": [("lxqt/wallpapers", 100)],
    "mate-backgrounds": [("backgrounds/mate", 100)],
    "plasma-workspace-wallpapers": [("wallpapers", 100)],
    "python3-skimage": [("../lib/python3/dist-packages/skimage/data", 100)],
    "stellarium-data": [("stellarium/landscapes", 12), ("stellarium/nebulae/default", 45)],
    "ukui-wallpapers": [("backgrounds", 100)],
    "wesnoth-1.16-data": [
        ("games/wesnoth/1.16/data/core/images/story", 100),
        ("games/wesnoth/1.16/data/core/images/portraits", 30),
    ],
}
MIN_SIDE = 400
# Photos are this large when they have been through a messenger; it also keeps the run short.
MAX_SIDE = 800
# Originals closer than this in any orientation are taken for one picture: unrelated ones are 128 apart, give or take 8.
MIN_DISTANCE = 60
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}

Image.MAX_IMAGE_PIXELS = None


def unpack(package, folder):
    """Downloads and unpacks `package`, installs nothing, and gives its version."""
    root, archives = folder / "packages" / package, folder / "archives"
    archives.mkdir(parents=True, exist_ok=True)
    if not root.exists():
        subprocess.run(["apt-get", "download", "-q", package], cwd=archives, check=True, capture_output=True)
        (archive,) = archives.glob(f"{package}_*.deb")
        subprocess.run(["dpkg", "-x", archive, root], check=True)
    (archive,) = archives.glob(f"{package}_*.deb")
    return archive.name.split("_")[1].replace("%3a", ":")


def candidates(root, limit):
    """Files below `root` that are large enough, at most `limit`, spread over all of them by name."""
    files = sorted(path for path in root.rglob("*") if path.suffix.lower() in SUFFIXES and not path.is_symlink())
    # A wallpaper of Plasma is a folder with its sizes, and its dark and upright variants: the last is the largest.
    wallpapers = {re.sub(r"/contents/.*", "", str(path)): path for path in files if is_suitable(path)}
    taken = list(wallpapers.values())
    step = max(1, len(taken) / limit)
    return [taken[int(number * step)] for number in range(min(limit, len(taken)))]


def is_suitable(path):
    try:
        with Image.open(path) as picture:
            return min(picture.size) >= MIN_SIDE
    except OSError:
        # scikit-image ships damaged files too, for its tests.
        return False


def flattened(picture):
    """On white where it is transparent."""
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture.convert("RGB")


def prepare(folder):
    """Writes the originals and gives them, with the versions of their packages, as `{name: path}, {package: version}`."""
    originals = folder / "originals"
    originals.mkdir(parents=True, exist_ok=True)
    versions, paths = {}, []
    for package, roots in PACKAGES.items():
        versions[package] = unpack(package, folder)
        for below, limit in roots:
            root = folder / "packages" / package / "usr/share" / below
            for source in candidates(root, limit):
                name = re.sub(r"[^A-Za-z0-9.]+", "-", str(source.relative_to(root)))
                paths.append(originals / f"{package}--{name}.jpg")
                if not paths[-1].exists():
                    with Image.open(source) as picture:
                        picture = flattened(picture)
                        picture.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
                        picture.save(paths[-1], quality=92)
    return distinct(sorted(paths)), versions


def distinct(paths):
    """Leaves out what has no PDQ hash that counts, and what is close to an earlier picture."""
    kept, hashes = {}, []
    for path, found in zip(paths, penstock.hash_files(paths)):
        if found.quality < penstock.MIN_QUALITY:
            continue
        if all(penstock.distances(found.dihedral, other.dihedral[:1]).min() >= MIN_DISTANCE for other in hashes):
            kept[path.stem] = path
            hashes.append(found)
    return kept
