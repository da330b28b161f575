// How a unit comes to its value: its patch of the input, times its weights.

import { post } from "./api.js";
import { asMaps } from "./layers.js";
import { paintGrey, paintSigned } from "./paint.js";
import { language, text } from "./texts.js";

export class UnitView {
  constructor() {
    this.element = document.createElement("aside");
    this.element.className = "unit";
    this.spoken = make("p", "", "hidden");
    this.spoken.setAttribute("role", "status");
    this.shown = make("div");
    this.element.append(this.spoken, this.shown);
    this.choice = null;
  }

  /** Show another unit at the next update; null for none. */
  choose(choice) {
    this.choice = choice;
    if (!choice) this.shown.replaceChildren();
  }

  async update({ run, answer }) {
    const { choice } = this;
    if (!choice || !answer) return;
    const pixels = new Uint8Array(answer.pixels);
    const unit = await post("unit", { run, layer: choice.layer, unit: choice.unit }, pixels);
    if (choice === this.choice) this.#show(unit, choice, pixels);
  }

  #show(unit, { unit: number, shape }, pixels) {
    const [height, width, channels] = asMaps(shape);
    const place = Math.floor(number / channels);
    const channel = number % channels;
    const [row, column] = [Math.floor(place / width), place % width];
    const title = make("h3", text(height * width > 1 ? "unitOfMap" : "unit", { channel, row, column }));
    const parts = [title, paragraph(`${text("unitOutput")}: `, unit.value), lookedAt(unit, pixels)];
    if (unit.kind === "weights") parts.push(arithmetic(unit));
    else parts.push(make("p", text(`unit${capital(unit.kind)}`)));
    if (unit.kind !== "weights" && unit.channels) parts.push(patches(unit));
    if (unit.kind === "weights" && unit.is_folded) parts.push(make("p", text("unitFolded"), "note"));
    this.shown.replaceChildren(...parts);
    this.spoken.textContent = `${title.textContent}: ${format(unit.value)}`;
  }
}

/** The image with a frame around the part that a unit looks at. */
function lookedAt({ window: [top, left, bottom, right] }, pixels) {
  const figure = make("figure");
  const box = make("div", "", "looked-at");
  const canvas = make("canvas");
  paintGrey(canvas, pixels, 28, 28);
  const frame = make("span");
  frame.style.top = `${(100 * top) / 28}%`;
  frame.style.left = `${(100 * left) / 28}%`;
  frame.style.height = `${(100 * (bottom - top)) / 28}%`;
  frame.style.width = `${(100 * (right - left)) / 28}%`;
  box.append(canvas, frame);
  figure.append(box, make("figcaption", text("unitLooks")));
  return figure;
}

/** A table: the input, the weights and the sum of their products, for the channels that count. */
function arithmetic(unit) {
  const table = make("table");
  const head = table.createTHead().insertRow();
  for (const key of ["unitInput", "unitWeights", "unitProduct"]) {
    const cell = make("th", text(key));
    cell.scope = "col";
    head.append(cell);
  }
  const body = table.createTBody();
  const largest = (key) => Math.max(...unit.channels.flatMap((each) => each[key].map(Math.abs)));
  const scales = { patch: largest("patch"), weights: largest("weights") };
  for (const each of unit.channels) {
    const row = body.insertRow();
    for (const key of ["patch", "weights"]) row.insertCell().append(tile(each[key], unit.size, scales[key]));
    row.insertCell().textContent = format(each.product);
  }
  const lines = [[text("unitBias"), unit.bias], [text("unitTotal"), unit.total]];
  if (unit.rest.count) {
    lines.unshift([text("unitRest", { count: unit.rest.count }), unit.rest.product]);
  }
  const foot = table.createTFoot();
  for (const [name, value] of lines) {
    const row = foot.insertRow();
    const cell = make("th", name);
    cell.scope = "row";
    cell.colSpan = 2;
    row.append(cell);
    row.insertCell().textContent = format(value);
  }
  return table;
}

function patches(unit) {
  const list = make("p", "", "patches");
  const largest = Math.max(...unit.channels.flatMap((each) => each.patch.map(Math.abs)));
  list.append(...unit.channels.map((each) => tile(each.patch, unit.size, largest)));
  return list;
}

/** A small picture of numbers, or the number where there is one. */
function tile(values, [height, width], largest) {
  if (values.length === 1) return document.createTextNode(format(values[0]));
  const canvas = make("canvas", "", "tile");
  paintSigned(canvas, values, width, height, largest);
  const scale = Math.max(1, Math.floor(56 / Math.max(height, width)));
  canvas.style.width = `${width * scale}px`;
  return canvas;
}

function paragraph(words, value) {
  const element = make("p", words);
  element.append(make("b", format(value)));
  return element;
}

function make(name, words = "", className = "") {
  const element = document.createElement(name);
  if (words) element.textContent = words;
  if (className) element.className = className;
  return element;
}

function format(value) {
  return new Intl.NumberFormat(language, { maximumSignificantDigits: 3 }).format(value);
}

function capital(word) {
  return word[0].toUpperCase() + word.slice(1);
}
