// "It is a 7": saves the picture in the folder of its label.

import { get, post } from "./api.js";
import { text } from "./texts.js";

export class TeachPanel {
  constructor() {
    this.details = document.getElementById("teach");
    this.body = document.getElementById("teach-body");
    this.saved = document.createElement("p");
    this.saved.setAttribute("role", "status");
  }

  async update(state) {
    if (state.content !== this.content) this.saved.textContent = "";
    this.content = state.content;
    const counts = await get("drawings", { run: state.run });
    this.#show(state, counts);
  }

  #show(state, counts) {
    const choice = document.createElement("p");
    choice.className = "choice";
    choice.textContent = text("itIs");
    for (let label = 0; label < counts.num_classes; label++) {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.digit = label;
      button.textContent = label;
      button.disabled = !state.content;
      button.setAttribute("aria-label", text("itIsLabel", { digit: label }));
      button.onclick = () => this.#save(state, label);
      if (counts.counts[label]) {
        const count = document.createElement("small");
        count.textContent = counts.counts[label];
        button.append(count);
      }
      choice.append(button);
    }
    this.body.replaceChildren(choice, this.saved, ...describe(counts));
  }

  async #save(state, label) {
    const counts = await post("drawings", { run: state.run, label }, state.content);
    this.#show(state, counts);
    this.saved.textContent = text("saved", { path: counts.saved });
    this.body.querySelector(`[data-digit="${label}"]`).focus();
  }
}

/** How many pictures there are, and the command that trains on them. */
function describe({ folder, counts, command }) {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const summary = document.createElement("p");
  summary.textContent = text(total ? "counts" : "noneYet", { total, folder });
  if (!total) return [summary];
  const advice = document.createElement("p");
  advice.textContent = text("train");
  const line = document.createElement("div");
  line.className = "command";
  const code = document.createElement("code");
  code.textContent = command;
  const copy = document.createElement("button");
  copy.type = "button";
  copy.textContent = text("copy");
  copy.onclick = async () => {
    await navigator.clipboard.writeText(command);
    copy.textContent = text("copied");
  };
  line.append(code, copy);
  return [summary, advice, line];
}
