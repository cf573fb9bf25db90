// What goes wrong on this page: each fault is a script element that the demo site put into the document.

const faults = new Map(
  [...document.querySelectorAll("script[data-fault]")].map((element) => [
    element.dataset.fault,
    JSON.parse(element.textContent),
  ]),
);

/** The parameters of a fault, or undefined when it does not happen. */
export const fault = (kind) => faults.get(kind);

export const wait = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

/** What two spellings of a name have in common. */
export const folded = (text) => text.toLowerCase().replace(/[^a-z0-9]/g, "");
