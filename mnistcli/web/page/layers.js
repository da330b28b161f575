// What each layer makes of the image: a map for each channel, a square for each unit.

import { post } from "./api.js";
import { fromBase64, signedColour } from "./paint.js";
import { text } from "./texts.js";
import { UnitView } from "./unit.js";

const GAP = 3; // pixels between maps
const MAP_SIDE = 44; // about what a map is wide, in pixels of the page
const NARROW = 400; // where the room is narrower, maps are too
const UNIT_SIDE = 14; // of a unit of a layer without maps
const FEW_UNITS = 24; // these are drawn larger
const FRAME = "#777"; // of a unit, so that a white one shows on a white page
const STRENGTH = 127; // of the largest value

export class LayersPanel {
  constructor() {
    this.details = document.getElementById("layers");
    this.body = document.getElementById("layers-body");
    this.list = document.createElement("div");
    this.list.className = "layers";
    this.rest = document.createElement("p");
    this.rest.className = "rest";
    this.unit = new UnitView();
    this.views = [];
  }

  async update(state) {
    this.state = state;
    if (!state.answer) {
      this.views = [];
      this.body.replaceChildren();
      return;
    }
    const pixels = new Uint8Array(state.answer.pixels);
    const { layers, without } = await post("layers", { run: state.run }, pixels);
    this.#arrange(layers);
    layers.forEach((layer, i) => this.views[i].show(layer));
    this.rest.textContent = without.length ? text("without", { layers: without.join(", ") }) : "";
    await this.unit.update(state);
  }

  /** Make a view for each layer, unless there is one: a view that has the focus keeps it. */
  #arrange(layers) {
    const shapes = JSON.stringify(layers.map(({ names, shape }) => [names, shape]));
    if (shapes !== this.shapes || !this.body.children.length) {
      this.shapes = shapes;
      this.views = layers.map((_, i) => new LayerView(i, (unit) => this.#choose(i, unit)));
      this.list.replaceChildren(...this.views.map((view) => view.element), this.rest);
      this.body.replaceChildren(this.list, this.unit.element);
      this.unit.choose(null);
    }
  }

  #choose(layer, unit) {
    this.views.forEach((view, i) => view.mark(i === layer ? unit : null));
    this.unit.choose({ layer, unit, shape: this.views[layer].shape });
    void this.unit.update(this.state);
  }
}

class LayerView {
  /**
   * @param number the layer's place.
   * @param onChoice called with the number of a unit that the user points at.
   */
  constructor(number, onChoice) {
    this.onChoice = onChoice;
    this.element = document.createElement("section");
    this.title = document.createElement("h3");
    this.size = document.createElement("p");
    this.canvas = document.createElement("canvas");
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "application");
    this.marker = document.createElement("span");
    this.marker.className = "marker";
    this.marker.hidden = true;
    const frame = document.createElement("div");
    frame.className = "maps";
    frame.append(this.canvas, this.marker);
    this.element.append(this.title, this.size, frame);
    this.canvas.onpointermove = (event) => this.#point(event);
    this.canvas.onpointerdown = (event) => this.#point(event);
    this.canvas.onkeydown = (event) => this.#press(event);
    this.chosen = null;
  }

  show(layer) {
    this.shape = layer.shape;
    const [height, width, channels] = asMaps(layer.shape);
    const name = (layer.kinds.length ? layer.kinds : layer.names).join(" → ");
    this.title.textContent = name;
    this.size.textContent =
      height * width > 1
        ? text("maps", { count: channels, height, width })
        : text("units", { count: channels });
    this.canvas.setAttribute("aria-label", text("layersLabel", { layer: name }));
    this.#lay(height, width, channels);
    this.#paint(new Int8Array(fromBase64(layer.values).buffer));
  }

  mark(unit) {
    this.chosen = unit;
    this.marker.hidden = unit === null;
    if (unit === null) return;
    const { left, top } = this.#position(unit);
    Object.assign(this.marker.style, {
      left: `${left}px`,
      top: `${top}px`,
      width: `${this.scale}px`,
      height: `${this.scale}px`,
    });
  }

  /** Choose the size of a pixel and the number of maps in a row. */
  #lay(height, width, channels) {
    const isMap = height * width > 1;
    const side = channels <= FEW_UNITS ? 2 * UNIT_SIDE : UNIT_SIDE;
    const room = this.canvas.parentElement.clientWidth || 320;
    const mapSide = room < NARROW ? 0.7 * MAP_SIDE : MAP_SIDE;
    this.scale = isMap ? Math.max(room < NARROW ? 1 : 2, Math.floor(mapSide / width)) : side;
    if (isMap && channels === 1) this.scale *= 2;
    const gap = isMap ? GAP : 1;
    this.cell = { width: width * this.scale + gap, height: height * this.scale + gap };
    this.columns = Math.min(channels, Math.max(1, Math.floor((room + gap) / this.cell.width)));
    this.maps = { height, width, channels };
    const rows = Math.ceil(channels / this.columns);
    this.canvas.width = this.columns * this.cell.width - gap;
    this.canvas.height = rows * this.cell.height - gap;
    this.canvas.style.width = `${this.canvas.width}px`;
  }

  #paint(values) {
    const { height, width, channels } = this.maps;
    const isSigned = values.some((value) => value < 0);
    const context = this.canvas.getContext("2d");
    for (let channel = 0; channel < channels; channel++) {
      const image = new ImageData(width, height);
      for (let place = 0; place < width * height; place++) {
        const value = values[place * channels + channel];
        const grey = Math.round((255 * value) / STRENGTH);
        const colour = isSigned ? signedColour(value / STRENGTH) : [grey, grey, grey];
        image.data.set([...colour, 255], 4 * place);
      }
      const [left, top] = this.#corner(channel);
      if (height * width === 1) {
        context.fillStyle = FRAME;
        context.fillRect(left, top, this.scale, this.scale);
        context.fillStyle = `rgb(${image.data.slice(0, 3).join(" ")})`;
        context.fillRect(left + 1, top + 1, this.scale - 2, this.scale - 2);
        continue;
      }
      scratch.width = width;
      scratch.height = height;
      scratch.getContext("2d").putImageData(image, 0, 0);
      context.imageSmoothingEnabled = false;
      context.drawImage(scratch, left, top, width * this.scale, height * this.scale);
    }
  }

  #corner(channel) {
    const row = Math.floor(channel / this.columns);
    return [(channel % this.columns) * this.cell.width, row * this.cell.height];
  }

  #position(unit) {
    const { width, channels } = this.maps;
    const place = Math.floor(unit / channels);
    const [left, top] = this.#corner(unit % channels);
    return {
      left: left + (place % width) * this.scale,
      top: top + Math.floor(place / width) * this.scale,
    };
  }

  #point(event) {
    const { height, width, channels } = this.maps;
    const column = Math.floor(event.offsetX / this.cell.width);
    const row = Math.floor(event.offsetY / this.cell.height);
    const x = Math.floor((event.offsetX % this.cell.width) / this.scale);
    const y = Math.floor((event.offsetY % this.cell.height) / this.scale);
    const channel = row * this.columns + column;
    if (x < 0 || y < 0 || x >= width || y >= height || column >= this.columns) return;
    if (channel < channels) this.#choose((y * width + x) * channels + channel);
  }

  #press(event) {
    const { height, width, channels } = this.maps;
    const isMap = height * width > 1;
    const unit = this.chosen ?? 0;
    let [place, channel] = [Math.floor(unit / channels), unit % channels];
    let [x, y] = [place % width, Math.floor(place / width)];
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const turn = { PageUp: -1, PageDown: 1 }[event.key];
    if (event.key in moves && isMap) {
      x = Math.min(Math.max(x + moves[event.key][0], 0), width - 1);
      y = Math.min(Math.max(y + moves[event.key][1], 0), height - 1);
    } else if (event.key in moves) {
      channel += moves[event.key][0] + this.columns * moves[event.key][1];
    } else if (turn) channel += turn;
    else return;
    event.preventDefault();
    if (channel >= 0 && channel < channels) this.#choose((y * width + x) * channels + channel);
  }

  #choose(unit) {
    if (unit !== this.chosen || this.marker.hidden) this.onChoice(unit);
  }
}

const scratch = document.createElement("canvas");

/** Return a layer's shape as (height, width, channels). */
export function asMaps(shape) {
  if (shape.length === 3) return shape;
  return shape.length === 2 ? [...shape, 1] : [1, 1, shape[0]];
}
