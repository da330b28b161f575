// What is below the answer: each panel is updated while it is open.

export const panels = [];
