// What is below the answer: how the picture was read, what speaks for the answer, what the layers
// see, and teaching. Each panel is updated while it is open.

import { post } from "./api.js";
import { LayersPanel } from "./layers.js";
import { fromBase64, paintGrey, paintSigned } from "./paint.js";
import { TeachPanel } from "./teach.js";
import { stageName, text } from "./texts.js";

class Panel {
  constructor(id) {
    this.details = document.getElementById(id);
    this.body = document.getElementById(`${id}-body`);
  }
}

/** How the picture became 28x28 pixels: what `mnistcli predict --explain` draws. */
class StagesPanel extends Panel {
  async update({ run, content, answer }) {
    if (!answer) return this.body.replaceChildren();
    const { stages } = await post("stages", { run }, content);
    const figures = stages.map(async ({ name, png }) => {
      const canvas = document.createElement("canvas");
      const bitmap = await createImageBitmap(new Blob([fromBase64(png)], { type: "image/png" }));
      canvas.width = bitmap.width;
      canvas.height = bitmap.height;
      canvas.getContext("2d").drawImage(bitmap, 0, 0);
      return figure(canvas, stageName(name));
    });
    this.body.replaceChildren(...(await Promise.all(figures)));
  }
}

/** Which parts of the image speak for the answer, or for another digit, and which against it. */
class ReasonsPanel extends Panel {
  digit = null; // that the user chose; else the answer

  async update(state) {
    const { run, answer } = state;
    if (!answer) return this.body.replaceChildren();
    if (answer !== this.answer) this.digit = null;
    this.answer = answer;
    const digit = this.digit ?? answer.digit;
    const { values, largest } = await post("reasons", { run, digit }, new Uint8Array(answer.pixels));
    const image = document.createElement("canvas");
    paintGrey(image, answer.pixels, 28, 28);
    const map = document.createElement("canvas");
    paintSigned(map, new Int8Array(fromBase64(values).buffer), 28, 28, 127);
    for (const canvas of [image, map]) canvas.setAttribute("role", "img");
    image.setAttribute("aria-label", text("seen"));
    map.setAttribute("aria-label", text("reasonsLabel", { digit }));
    const side = document.createElement("div");
    side.className = "beside";
    side.append(this.#legend(digit, largest), this.#chooser(state, digit));
    const hadFocus = this.body.contains(document.activeElement);
    this.body.replaceChildren(image, map, side);
    if (hadFocus) this.body.querySelector("[aria-pressed=true]").focus();
  }

  #legend(digit) {
    const legend = document.createElement("p");
    legend.className = "legend";
    for (const key of ["for", "against"]) {
      const entry = document.createElement("span");
      entry.className = key;
      entry.textContent = text(key, { digit });
      legend.append(entry);
    }
    return legend;
  }

  #chooser(state, digit) {
    const chooser = document.createElement("p");
    chooser.className = "choice";
    chooser.textContent = text("reasonsFor");
    state.answer.probabilities.forEach((_, each) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = each;
      button.setAttribute("aria-pressed", each === digit);
      button.onclick = () => {
        this.digit = each;
        void this.update(state);
      };
      chooser.append(button);
    });
    return chooser;
  }
}

function figure(canvas, caption) {
  const element = document.createElement("figure");
  const words = document.createElement("figcaption");
  words.textContent = caption;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", caption);
  element.append(canvas, words);
  return element;
}

/** Return the panels, in the order in which they are updated. */
export function makePanels(paper) {
  return [
    new StagesPanel("stages"),
    new ReasonsPanel("reasons"),
    new LayersPanel(),
    new TeachPanel(paper),
  ];
}
