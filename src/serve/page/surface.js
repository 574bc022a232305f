// SPDX-License-Identifier: Apache-2.0
// A canvas as sharp as the screen, and the colours of the style sheet to paint with.

// Painters that are to paint anew when the colours change.
const painters = new Set();
let colours = new Map();

for (const query of ['(prefers-color-scheme: dark)', '(forced-colors: active)']) {
  matchMedia(query).addEventListener('change', () => {
    colours = new Map();
    for (const paint of painters) paint();
  });
}

// The value of a custom property of the style sheet, such as --ink.
export function colour(name) {
  if (!colours.has(name)) {
    colours.set(name, getComputedStyle(document.documentElement).getPropertyValue(name).trim());
  }
  return colours.get(name);
}

// `resized()` is called when the canvas has another size in the page or the colours are others.
// Returns begin(), which clears the canvas and gives {context, width, height, ratio} in pixels of the page.
export function make_surface(canvas, resized) {
  const context = canvas.getContext('2d');
  let width = 0;
  let height = 0;
  new ResizeObserver(([entry]) => {
    ({ width, height } = entry.contentRect);
    resized();
  }).observe(canvas);
  painters.add(resized);

  return function begin() {
    const ratio = devicePixelRatio;
    const across = Math.round(width * ratio);
    const down = Math.round(height * ratio);
    if (canvas.width !== across || canvas.height !== down) {
      canvas.width = across;
      canvas.height = down;
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    return { context, width, height, ratio };
  };
}

// Stripes on a colour: what is told apart by it must not be told apart by colour alone.
export function striped(context, ink, paper) {
  const tile = document.createElement('canvas');
  tile.width = tile.height = 6;
  const pen = tile.getContext('2d');
  pen.fillStyle = paper;
  pen.fillRect(0, 0, 6, 6);
  pen.strokeStyle = ink;
  pen.lineWidth = 2;
  pen.beginPath();
  for (const start of [-6, 0, 6]) {
    pen.moveTo(start, 6);
    pen.lineTo(start + 6, 0);
  }
  pen.stroke();
  return context.createPattern(tile, 'repeat');
}
