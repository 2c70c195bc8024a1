import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";

/** How two pictures of one page differ. */
export interface ImageDifference {
  readonly differentPixels: number;
  readonly totalPixels: number;
  /** Red where they differ, over a pale copy; undefined when they are equal. */
  readonly png?: Buffer;
}

/**
 * Counts the pixels that differ. `threshold` 0 is to the bit, 0.1 is what an eye can tell.
 * Pictures of unequal size are compared on a common canvas: what one lacks differs.
 */
export function compareImages(before: Buffer, after: Buffer, threshold = 0.1): ImageDifference {
  const [first, second] = [PNG.sync.read(before), PNG.sync.read(after)];
  const width = Math.max(first.width, second.width);
  const height = Math.max(first.height, second.height);
  const difference = new PNG({ width, height });
  const [left, right] = [onCanvas(first, width, height), onCanvas(second, width, height)];
  const differentPixels = pixelmatch(left, right, difference.data, width, height, {
    threshold,
    includeAA: true,
  });
  const totalPixels = width * height;
  if (differentPixels === 0) return { differentPixels, totalPixels };
  return { differentPixels, totalPixels, png: PNG.sync.write(difference) };
}

function onCanvas(image: PNG, width: number, height: number): Buffer {
  if (image.width === width && image.height === height) return image.data;
  const canvas = new PNG({ width, height });
  PNG.bitblt(image, canvas, 0, 0, image.width, image.height, 0, 0);
  return canvas.data;
}
