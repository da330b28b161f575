// Arrays of numbers as pictures on a canvas.

// Both stand out from black, and from each other for people who see red and green alike.
const POSITIVE = [86, 156, 255];
const NEGATIVE = [255, 150, 50];

/** Return the bytes that a text in base64 stands for. */
export function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** Draw levels, 0 for black and 255 for white, on a canvas of `width` x `height` pixels. */
export function paintGrey(canvas, levels, width, height) {
  paint(canvas, levels, width, height, (level) => [level, level, level]);
}

/** Draw values, 0 for black, positive ones blue and negative ones orange. */
export function paintSigned(canvas, values, width, height, largest) {
  paint(canvas, values, width, height, (value) => signedColour(value / (largest || 1)));
}

/** Return the colour of a value from -1 to 1. */
export function signedColour(share) {
  const strength = Math.min(Math.abs(share), 1) ** 0.7; // so that small values show
  return (share < 0 ? NEGATIVE : POSITIVE).map((part) => Math.round(part * strength));
}

function paint(canvas, values, width, height, colour) {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  for (let i = 0; i < width * height; i++) image.data.set([...colour(values[i]), 255], 4 * i);
  context.putImageData(image, 0, 0);
}
