// What the browser remembers from one visit to the next, where its user lets it.

/** Return what was remembered under a name; null for nothing. */
export function recall(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null; // it is forbidden
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // it lasts as long as the page
  }
}
