// The charts: pixels only, so that no number of the data is in the document.

const GOLDEN_ANGLE = 137.5; // between the hues of two curves: none comes twice
const LEFT = 56;
const BOTTOM = 40;
const TOP = 12;
const RIGHT = 14;

/** The colour of each curve, and the list of them beside the charts. */
export function legend(list, keys) {
  const colours = new Map(keys.map((key, index) => [key, `hsl(${(215 + index * GOLDEN_ANGLE) % 360} 65% 50%)`]));
  list.replaceChildren(
    ...keys.map((key) => {
      const item = document.createElement("li");
      item.style.setProperty("--colour", colours.get(key));
      item.textContent = key.toUpperCase().replaceAll("_", " · ");
      return item;
    }),
  );
  return colours;
}

/** The points that no other one of the curve beats: x small or large is good, y large. */
function front(points, smallX) {
  const sorted = [...points].sort((a, b) => (smallX ? a.x - b.x : b.x - a.x) || b.y - a.y);
  let best = -Infinity;
  return sorted.filter((point) => point.y > best && ((best = point.y), true));
}

function ticks(most) {
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((size) => size >= rough);
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step);
}

class Plot {
  constructor(canvas, points) {
    const scale = devicePixelRatio || 1;
    this.width = canvas.clientWidth;
    this.height = canvas.clientHeight;
    canvas.width = this.width * scale;
    canvas.height = this.height * scale;
    this.context = canvas.getContext("2d");
    this.context.scale(scale, scale);
    this.context.font = "11px system-ui, sans-serif";
    this.ink = getComputedStyle(canvas).color;
    this.mostX = Math.max(...points.map((point) => point.x)) * 1.05;
    this.mostY = Math.max(...points.map((point) => point.y)) * 1.1;
  }

  x = (value) => LEFT + (value / this.mostX) * (this.width - LEFT - RIGHT);
  y = (value) => this.height - BOTTOM - (value / this.mostY) * (this.height - BOTTOM - TOP);

  axes(xTitle, yTitle) {
    const { context } = this;
    context.fillStyle = context.strokeStyle = this.ink;
    context.textAlign = "center";
    for (const tick of ticks(this.mostX)) context.fillText(tick.toLocaleString("en"), this.x(tick), this.height - 22);
    context.fillText(xTitle, (LEFT + this.width) / 2, this.height - 5);
    context.textAlign = "right";
    for (const tick of ticks(this.mostY)) {
      context.fillText(tick.toLocaleString("en"), LEFT - 6, this.y(tick) + 4);
      context.globalAlpha = 0.15;
      context.fillRect(LEFT, Math.round(this.y(tick)), this.width - LEFT - RIGHT, 1);
      context.globalAlpha = 1;
    }
    context.textAlign = "left";
    context.fillText(yTitle, LEFT + 6, TOP + 6);
  }

  curve(points, line, colour) {
    const { context } = this;
    context.fillStyle = context.strokeStyle = colour;
    context.globalAlpha = 0.45;
    for (const point of points) this.dot(point, 2.5);
    context.globalAlpha = 1;
    context.lineWidth = 1.8;
    context.beginPath();
    for (const point of line) context.lineTo(this.x(point.x), this.y(point.y));
    context.stroke();
    for (const point of line) this.dot(point, 3.2);
  }

  dot(point, radius) {
    this.context.beginPath();
    this.context.arc(this.x(point.x), this.y(point.y), radius, 0, 2 * Math.PI);
    this.context.fill();
  }
}

/** Draw the `points` ({key, x, y}); without any the canvas is left empty. */
export function draw(canvas, points, colours, { xTitle, yTitle = "tok/s per GPU", smallX }) {
  const plot = new Plot(canvas, points);
  if (!points.length) return;
  plot.axes(xTitle, yTitle);
  for (const [key, colour] of colours) {
    const curve = points.filter((point) => point.key === key);
    plot.curve(curve, front(curve, smallX), colour);
  }
}
