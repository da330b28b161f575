// "It is a 7": saves the picture in the folder of its label.

import { Refusal, get, post } from "./api.js";
import { text } from "./texts.js";

export class TeachPanel {
  constructor(paper) {
    this.paper = paper;
    this.details = document.getElementById("teach");
    this.body = document.getElementById("teach-body");
    this.saved = document.createElement("p");
    this.saved.setAttribute("role", "status");
  }

  async update(state) {
    if (this.paper.changes !== this.savedChanges) this.saved.textContent = "";
    this.#show(state, await get("drawings", { run: state.run }));
  }

  #show({ run, content }, counts) {
    const choice = document.createElement("p");
    choice.className = "choice";
    choice.textContent = text("itIs");
    for (let label = 0; label < counts.num_classes; label++) {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.digit = label;
      button.textContent = label;
      button.disabled = !content;
      button.setAttribute("aria-label", text("itIsLabel", { digit: label }));
      button.onclick = () => this.#save(run, label).catch((error) => this.#refuse(error));
      if (counts.counts[label]) {
        const count = document.createElement("small");
        count.textContent = counts.counts[label];
        button.append(count);
      }
      choice.append(button);
    }
    this.body.replaceChildren(choice, this.saved, ...describe(counts));
  }

  async #save(run, label) {
    this.savedChanges = this.paper.changes;
    // What is on the paper now: what was read last may lack the last strokes.
    const content = await this.paper.content();
    if (!content) return;
    const counts = await post("drawings", { run, label }, content);
    this.saved.textContent = text("saved", { path: counts.saved });
    this.#show({ run, content }, counts);
    this.body.querySelector(`[data-digit="${label}"]`).focus();
  }

  #refuse(error) {
    if (!(error instanceof Refusal)) throw error;
    this.saved.textContent = [error.message, ...error.hints].join(". ");
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
