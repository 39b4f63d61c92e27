"""A screenshot in 32 colours: the browser counts and maps them, and a PNG with a palette is written, far smaller."""

from __future__ import annotations

import base64
import struct
import zlib

from playwright.sync_api import Page

COLOURS = 32
_MAP = """
async ([shot, most]) => {
  const image = await createImageBitmap(await (await fetch(shot)).blob());
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const pixels = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer);
  const counts = new Map();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
  const apart = (a, b) => Math.abs((a & 255) - (b & 255)) + Math.abs((a >> 8 & 255) - (b >> 8 & 255))
    + Math.abs((a >> 16 & 255) - (b >> 16 & 255));
  const palette = [];
  for (const distance of [48, 24, 0]) {
    for (const [pixel] of [...counts].sort((a, b) => b[1] - a[1])) {
      if (palette.length < most && palette.every((one) => apart(one, pixel) > distance)) palette.push(pixel);
    }
  }
  const nearest = new Map();
  for (const pixel of counts.keys()) {
    let best = 0;
    palette.forEach((one, place) => { if (apart(one, pixel) < apart(palette[best], pixel)) best = place; });
    nearest.set(pixel, best);
  }
  let text = "";
  for (const pixel of pixels) text += String.fromCharCode(nearest.get(pixel));
  return [image.width, image.height, palette, btoa(text)];
}
"""


def in_few_colours(page: Page, shot: bytes) -> bytes:
    """The same picture with a palette; `page` is any page whose policy lets it read a data URL."""
    address = f"data:image/png;base64,{base64.b64encode(shot).decode()}"
    width, height, palette, text = page.evaluate(_MAP, [address, COLOURS])
    pixels = base64.b64decode(text)
    rows = b"".join(b"\0" + pixels[start : start + width] for start in range(0, width * height, width))
    colours = b"".join(struct.pack("<I", colour)[:3] for colour in palette)
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", header), (b"PLTE", colours), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )
