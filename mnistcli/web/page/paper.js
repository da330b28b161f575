// The paper: strokes of a pen, or a picture, which can all be taken back.

const INK = "#000";
const GROUND = "#fff";
const STEP = 10; // of the pen at an arrow key, in pixels of the paper
const LEAST_STEP = 1.5; // nearer points are left out

export class Paper {
  /**
   * @param canvas what is drawn on; its width and height are those of the saved picture.
   * @param penMark the mark that shows the pen of the keyboard.
   * @param onChange called at each change, with whether the pen is on the paper.
   */
  constructor(canvas, penMark, onChange) {
    this.canvas = canvas;
    // In memory: its pixels are read after each change.
    this.context = canvas.getContext("2d", { willReadFrequently: true });
    this.penMark = penMark;
    this.onChange = onChange;
    this.width = 28; // of the pen
    this.changes = 0; // how many there were
    this.entries = []; // strokes, pictures and clearings, in their order
    this.stroke = null; // the one that is being drawn
    this.pen = { x: canvas.width / 2, y: canvas.height / 3 }; // the keyboard's
    canvas.addEventListener("pointerdown", (event) => this.#begin(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      canvas.addEventListener(end, (event) => this.#end(event));
    }
    canvas.addEventListener("keydown", (event) => this.#press(event));
    canvas.addEventListener("blur", () => this.#lift());
    this.#render();
  }

  /** What is to be read: the picture as it came, or a PNG of the strokes; null for nothing. */
  async content() {
    const { picture, strokes } = this.#visible();
    if (picture) return picture.file;
    if (!strokes.length) return null;
    return new Promise((resolve) => this.canvas.toBlob(resolve, "image/png"));
  }

  /** Where a picture's pixels are on the paper: its left, its top, and the scale. */
  placement() {
    const { picture } = this.#visible();
    return picture?.bitmap ? this.#fit(picture.bitmap) : { left: 0, top: 0, scale: 1 };
  }

  get isEmpty() {
    const { picture, strokes } = this.#visible();
    return !picture && !strokes.length;
  }

  get canUndo() {
    return this.entries.length > 0;
  }

  undo() {
    this.stroke = null;
    this.entries.pop();
    this.#changed();
  }

  clear() {
    this.stroke = null;
    if (!this.isEmpty) this.entries.push({ kind: "clear" });
    this.#changed();
  }

  /** Show a picture in place of all that is drawn; some kinds a browser cannot show. */
  async show(file) {
    const bitmap = await createImageBitmap(file).catch(() => null);
    this.entries.push({ kind: "picture", file, bitmap });
    this.#changed();
  }

  /** The strokes since the paper was last empty, or the picture that was last shown. */
  #visible() {
    const last = this.entries.findLastIndex((entry) => entry.kind !== "stroke");
    const strokes = this.entries.slice(last + 1);
    const before = this.entries[last];
    return { strokes, picture: !strokes.length && before?.kind === "picture" ? before : null };
  }

  #place(event) {
    const box = this.canvas.getBoundingClientRect();
    const scale = this.canvas.width / box.width;
    // A mouse reports a pressure of 0.5, and so does a finger on most screens.
    const pressure = event.pointerType === "pen" && event.pressure ? event.pressure : 0.5;
    return {
      x: (event.clientX - box.left) * scale,
      y: (event.clientY - box.top) * scale,
      width: this.width * (0.5 + pressure),
    };
  }

  #begin(event) {
    if (event.button !== 0 || !event.isPrimary) return;
    this.#lift();
    this.canvas.setPointerCapture(event.pointerId);
    this.stroke = { kind: "stroke", points: [this.#place(event)], pointer: event.pointerId };
    this.entries.push(this.stroke);
    this.#changed();
  }

  #move(event) {
    if (!this.stroke || this.stroke.pointer !== event.pointerId) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) this.#extend(this.#place(each));
    this.#changed();
  }

  #end(event) {
    if (!this.stroke || this.stroke.pointer !== event.pointerId) return;
    this.stroke = null;
    this.#changed();
  }

  #extend(point) {
    const last = this.stroke.points.at(-1);
    if (Math.hypot(point.x - last.x, point.y - last.y) >= LEAST_STEP) this.stroke.points.push(point);
  }

  #press(event) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " ") {
      if (this.stroke) this.#lift();
      else {
        this.stroke = { kind: "stroke", points: [{ ...this.pen, width: this.width }] };
        this.entries.push(this.stroke);
      }
    } else if (event.key in moves) {
      const [right, down] = moves[event.key];
      const step = event.shiftKey ? STEP / 3 : STEP;
      this.pen.x = Math.min(Math.max(this.pen.x + right * step, 0), this.canvas.width);
      this.pen.y = Math.min(Math.max(this.pen.y + down * step, 0), this.canvas.height);
      if (this.stroke) this.#extend({ ...this.pen, width: this.width });
    } else return;
    event.preventDefault();
    this.penMark.hidden = false;
    this.#changed();
  }

  /** Lift the pen of the keyboard, or of a pointer that is gone. */
  #lift() {
    this.penMark.hidden = true;
    if (!this.stroke) return;
    this.stroke = null;
    this.#changed();
  }

  #changed() {
    this.changes++;
    this.#render();
    this.onChange(this.stroke !== null);
  }

  #fit({ width, height }) {
    const scale = Math.min(this.canvas.width / width, this.canvas.height / height);
    const left = (this.canvas.width - width * scale) / 2;
    return { left, top: (this.canvas.height - height * scale) / 2, scale };
  }

  #render() {
    const { canvas, context } = this;
    const { picture, strokes } = this.#visible();
    canvas.classList.toggle("has-picture", picture !== null);
    context.fillStyle = GROUND;
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = context.strokeStyle = INK;
    if (picture?.bitmap) {
      const { left, top, scale } = this.#fit(picture.bitmap);
      const { width, height } = picture.bitmap;
      context.drawImage(picture.bitmap, left, top, width * scale, height * scale);
    } else if (picture) {
      context.font = "22px system-ui";
      context.textAlign = "center";
      context.fillText(picture.file.name || picture.file.type, canvas.width / 2, canvas.height / 2);
    }
    context.lineCap = context.lineJoin = "round";
    for (const stroke of strokes) drawStroke(context, stroke.points);
    this.penMark.style.left = `${(100 * this.pen.x) / canvas.width}%`;
    this.penMark.style.top = `${(100 * this.pen.y) / canvas.height}%`;
    this.penMark.classList.toggle("down", this.stroke !== null);
  }
}

/** Draw a smooth line: through the middles between the points, bent towards the points. */
function drawStroke(context, points) {
  const [first] = points;
  context.beginPath();
  context.arc(first.x, first.y, first.width / 2, 0, 2 * Math.PI);
  context.fill();
  let from = first;
  points.forEach((point, i) => {
    const next = points[i + 1];
    const to = next ? { x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 } : point;
    context.lineWidth = point.width;
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.quadraticCurveTo(point.x, point.y, to.x, to.y);
    context.stroke();
    from = to;
  });
}
