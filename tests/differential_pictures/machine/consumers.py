"""What real programs make of a file: PNG files of every picture that they show of it."""

import base64
import glob
import io
import json
import os
import shutil
import subprocess
import tempfile
import warnings

from PIL import Image, ImageFile, ImageOps

warnings.simplefilter("ignore")
Image.MAX_IMAGE_PIXELS = 50_000_000
MOST_FRAMES = 60


def as_png(picture):
    into = io.BytesIO()
    if picture.mode not in ("RGB", "L", "RGBA", "LA"):
        picture = narrowed(picture)
    picture.save(into, "PNG", compress_level=1)
    return into.getvalue()


def narrowed(picture):
    if picture.mode in ("I", "F", "I;16", "I;16B"):
        low, high = picture.getextrema()
        return picture.point(lambda v: v * (255 / max(high, 1)) + 0).convert("L") if picture.mode != "F" else picture.convert("L")
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
        if not shutil.which("convert"):
            raise OSError("there is no convert")

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
    """Driven over the pipe of its debugging protocol, so that nothing else is needed. A page at file:// is a secure
    context, in which `ImageDecoder` is there, to look at frames one by one."""

    name = "chromium"

    def __init__(self):
        self.program = shutil.which("chromium") or shutil.which("chromium-browser")
        if not self.program:
            raise OSError("there is no chromium")
        self.folder = tempfile.mkdtemp()
        self.start()

    def start(self):
        to_read, self.write_to = os.pipe()
        self.read_from, to_write = os.pipe()
        os.makedirs(self.folder, exist_ok=True)
        with open(self.folder + "/page.html", "w") as page:
            page.write("<script>" + PAGE.replace("MOST", str(MOST_FRAMES)) + "</script>")

        def wire():
            os.dup2(to_read, 3)
            os.dup2(to_write, 4)

        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--disable-dev-shm-usage"]
        flags += ["--allow-file-access-from-files", f"--user-data-dir={self.folder}/profile", "--force-color-profile=srgb"]
        self.process = subprocess.Popen(
            [self.program, *flags], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=wire, pass_fds=(3, 4, to_read, to_write),
        )
        os.close(to_read)
        os.close(to_write)
        self.number, self.buffer = 0, b""
        target = self.call("Target.createTarget", {"url": f"file://{self.folder}/page.html"})["targetId"]
        self.session = self.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]

    def call(self, method, parameters, session=None):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.write_to, data) :]
        while True:
            while b"\0" not in self.buffer:
                read = os.read(self.read_from, 1 << 20)
                if not read:
                    raise OSError("chromium is gone")
                self.buffer += read
            answer, _, self.buffer = self.buffer.partition(b"\0")
            answer = json.loads(answer)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise OSError(answer["error"]["message"])
                return answer["result"]

    def show(self, files):
        return [self.one(data) for data in files]

    def one(self, data):
        expression = f"show('{base64.b64encode(data).decode()}')"
        try:
            parameters = {"expression": expression, "awaitPromise": True, "returnByValue": True, "timeout": 30000}
            result = self.call("Runtime.evaluate", parameters, self.session)
            return [base64.b64decode(text) for text in result["result"].get("value") or []]
        except OSError:
            self.process.kill()
            self.process.wait()
            self.start()
            return []

    def close(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def available(wanted):
    """Those of `wanted` that are installed, and why others are not."""
    found, missing = [], []
    for kind in (Pillow, Vips, ImageMagick, Chromium):
        if wanted and kind.name not in wanted:
            continue
        try:
            found.append(kind())
        except Exception as error:
            missing.append(f"{kind.name}: {error}")
    return found, missing
