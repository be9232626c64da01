"""What real programs make of a file: PNG files of every picture that they show of it."""

import base64
import glob
import io
import os
import shutil
import subprocess
import sys
import tempfile
import warnings

from PIL import Image, ImageFile, ImageOps

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../support/machine"))
from chromium import Browser

warnings.simplefilter("ignore")
Image.MAX_IMAGE_PIXELS = 50_000_000
MOST_FRAMES = 60


def as_png(picture):
    into = io.BytesIO()
    if picture.mode not in ("RGB", "L", "RGBA", "LA"):
        picture = narrowed(picture)
    picture.save(into, "PNG", compress_level=1)
    return into.getvalue()


def alike(png):
    """The rendering, and what nobody takes for another picture."""
    yield png
    with Image.open(io.BytesIO(png)) as picture:
        picture.load()
        yield as_png(ImageOps.flip(picture))
        yield as_png(picture.resize([max(1, side * 4 // 5) for side in picture.size], Image.BOX))


def narrowed(picture):
    if picture.mode in ("I", "F", "I;16", "I;16B"):
        low, high = picture.getextrema()
        return (
            picture.point(lambda v: v * (255 / max(high, 1)) + 0).convert("L")
            if picture.mode != "F"
            else picture.convert("L")
        )
    return picture.convert("RGBA" if "transparency" in picture.info or picture.mode in ("PA", "La", "RGBa") else "RGB")


class Pillow:
    """With its defaults, and with the setting for files that are cut off, which many sites have."""

    name = "pillow"

    def __init__(self):
        ImageFile.LOAD_TRUNCATED_IMAGES = True

    def show(self, files):
        return [self.one(data) for data in files]

    def one(self, data):
        out = []
        try:
            with Image.open(io.BytesIO(data)) as picture:
                for frame in range(min(MOST_FRAMES, getattr(picture, "n_frames", 1))):
                    picture.seek(frame)
                    picture.load()
                    out.append(as_png(ImageOps.exif_transpose(picture)))
        except Exception:
            pass
        return out


class Vips:
    """As sharp and others use it: a thumbnail with colours managed, and the file as it is."""

    name = "vips"

    def __init__(self):
        import pyvips

        self.vips = pyvips
        pyvips.cache_set_max(0)

    def show(self, files):
        return [self.one(data) for data in files]

    def one(self, data):
        out = []
        for make in (
            lambda: self.vips.Image.thumbnail_buffer(data, 320, fail_on="none"),
            lambda: self.vips.Image.new_from_buffer(data, ""),
        ):
            try:
                out.append(make().pngsave_buffer(compression=1))
            except Exception:
                pass
        return out


class ImageMagick:
    """Many files in one process, each frame a file."""

    name = "imagemagick"

    def __init__(self):
        if not shutil.which("mogrify"):
            raise OSError("there is no mogrify")

    def show(self, files):
        with tempfile.TemporaryDirectory() as folder:
            for number, data in enumerate(files):
                with open(f"{folder}/{number:04}.bin", "wb") as file:
                    file.write(data)
            limits = ["-limit", "memory", "512MiB", "-limit", "area", "64MP", "-limit", "time", "60"]
            names = sorted(glob.glob(folder + "/*.bin"))
            command = ["mogrify", *limits, "-define", "png:compression-level=1", "-format", "png", *names]
            try:
                subprocess.run(command, capture_output=True, timeout=240)
            except subprocess.TimeoutExpired:
                pass
            out = []
            for number in range(len(files)):
                found = sorted(glob.glob(f"{folder}/{number:04}.png") + glob.glob(f"{folder}/{number:04}-*.png"))
                out.append([open(name, "rb").read() for name in found[:MOST_FRAMES]])
            return out


class Documents:
    """Programs that show pages of PDF, each file in a process."""

    def __init__(self):
        if not shutil.which(self.command(".")[0]):
            raise OSError(f"there is no {self.command('.')[0]}")

    def show(self, files):
        return [self.one(data) if b"%PDF-" in data[:1024] else [] for data in files]

    def one(self, data):
        with tempfile.TemporaryDirectory() as folder:
            with open(folder + "/in.pdf", "wb") as file:
                file.write(data)
            try:
                subprocess.run(self.command(folder), capture_output=True, timeout=60)
            except subprocess.TimeoutExpired:
                pass
            return [open(name, "rb").read() for name in sorted(glob.glob(folder + "/*.png"))[:MOST_FRAMES]]


class Poppler(Documents):
    name = "poppler"

    def command(self, folder):
        return ["pdftoppm", "-png", "-cropbox", "-r", "72", "-l", "20", folder + "/in.pdf", folder + "/out"]


class MuPdf(Documents):
    name = "mupdf"

    def command(self, folder):
        return ["mutool", "draw", "-q", "-r", "72", "-o", folder + "/out%03d.png", folder + "/in.pdf", "1-20"]


PAGE = """
async function drawn(source, width, height) {
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext('2d').drawImage(source, 0, 0);
  const blob = await canvas.convertToBlob({type: 'image/png'});
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = '';
  for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return btoa(text);
}
function kind(bytes) {
  const text = String.fromCharCode(...bytes.subarray(0, 32));
  if (text.startsWith('GIF8')) return 'image/gif';
  if (text.startsWith('RIFF')) return 'image/webp';
  if (text.includes('PNG')) return 'image/png';
  if (text.includes('ftyp')) return 'image/avif';
  return null;
}
async function show(base64) {
  const out = [];
  const bytes = Uint8Array.from(atob(base64), c => c.charCodeAt(0));
  const url = URL.createObjectURL(new Blob([bytes]));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    out.push(await drawn(image, Math.min(image.naturalWidth, 4000), Math.min(image.naturalHeight, 4000)));
  } catch (error) {
    try {
      // What is cut off fails to decode so, and is shown nevertheless.
      const image = new Image();
      image.src = url;
      await new Promise(done => { image.onload = image.onerror = done; setTimeout(done, 2000); });
      if (image.naturalWidth) out.push(await drawn(image, image.naturalWidth, image.naturalHeight));
    } catch (error) {}
  }
  try {
    const type = kind(bytes);
    if (type && window.ImageDecoder) {
      const decoder = new ImageDecoder({data: bytes, type});
      await decoder.tracks.ready;
      const count = Math.min(decoder.tracks.selectedTrack.frameCount, MOST);
      for (let frame = count > 1 ? 0 : count; frame < count; frame++) {
        const {image} = await decoder.decode({frameIndex: frame});
        out.push(await drawn(image, image.displayWidth, image.displayHeight));
        image.close();
      }
    }
  } catch (error) {}
  URL.revokeObjectURL(url);
  return out;
}
"""


class Chromium:
    """A page at file:// is a secure context, in which `ImageDecoder` is there, to look at frames one by one."""

    name = "chromium"

    def __init__(self):
        self.folder = tempfile.mkdtemp()
        with open(self.folder + "/page.html", "w") as page:
            page.write("<script>" + PAGE.replace("MOST", str(MOST_FRAMES)) + "</script>")
        flags = ["--allow-file-access-from-files", "--force-color-profile=srgb"]
        self.browser = Browser(f"file://{self.folder}/page.html", flags)

    def show(self, files):
        return [self.one(data) for data in files]

    def one(self, data):
        texts = self.browser.evaluate(f"show('{base64.b64encode(data).decode()}')", 30000)
        return [base64.b64decode(text) for text in texts or []]

    def close(self):
        self.browser.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def available(wanted):
    """Those of `wanted` that are installed, and why others are not."""
    found, missing = [], []
    for kind in (Pillow, Vips, ImageMagick, Chromium, Poppler, MuPdf):
        if wanted and kind.name not in wanted:
            continue
        try:
            found.append(kind())
        except Exception as error:
            missing.append(f"{kind.name}: {error}")
    return found, missing
