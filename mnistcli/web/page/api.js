// The requests to mnistcli. Each carries the token that only this page has.

const token = document.querySelector("meta[name=token]").content;

/** What mnistcli says where it cannot answer: `message` and `hints`. */
export class Refusal extends Error {
  constructor({ message, hints }) {
    super(message);
    this.hints = hints;
  }
}

/** No answer: mnistcli has ended. */
export class Gone extends Error {}

/** Ask for a path; return its JSON. Raises Refusal or Gone. */
export async function get(path, parameters = {}) {
  return send(path, parameters, {});
}

/** Send a Blob, or bytes, and return the JSON of the answer. Raises as `get` does. */
export async function post(path, parameters, body) {
  const type = body instanceof Blob ? body.type || "image/x-unknown" : "application/octet-stream";
  return send(path, parameters, { method: "POST", body, headers: { "Content-Type": type } });
}

async function send(path, parameters, options) {
  const headers = { ...options.headers, "X-Mnistcli-Token": token };
  const address = `/api/${path}?${new URLSearchParams(parameters)}`;
  const document = await fetch(address, { ...options, headers })
    .then((response) => response.json())
    .catch(() => {
      throw new Gone(); // before the answer, or in the middle of it
    });
  if (document.error) throw new Refusal(document.error);
  return document;
}
