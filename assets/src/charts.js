// Charts of the indicators page. Each chart is a <div data-chart="id of a JSON block">; its table stands beside it for everybody
// who cannot see it. Canvas and rich-text tooltips only: both work under a policy without inline styles.
import * as echarts from "echarts/core";
import { BarChart, LineChart } from "echarts/charts";
import { AriaComponent, GridComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import { CanvasRenderer } from "echarts/renderers";

echarts.use([BarChart, LineChart, AriaComponent, GridComponent, MarkLineComponent, TooltipComponent, CanvasRenderer]);

const alive = new Map();

function palette() {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => style.getPropertyValue(name).trim();
  return {
    paper: read("--paper"), ink: read("--ink"), soft: read("--ink-2"), quiet: read("--ink-3"), line: read("--line"),
    strong: read("--line-strong"), accent: read("--accent"), met: read("--met-fill"), missed: read("--breached-fill"),
    running: read("--running-fill"), sunken: read("--sunken"), font: style.getPropertyValue("--font").trim(),
  };
}

const text = (colours) => ({ color: colours.quiet, fontFamily: colours.font, fontSize: 11.5 });

function tooltip(colours) {
  return {
    trigger: "axis", renderMode: "richText", confine: true, backgroundColor: colours.paper, borderColor: colours.strong, borderWidth: 1,
    padding: [8, 12], textStyle: { color: colours.ink, fontFamily: colours.font, fontSize: 12.5, lineHeight: 18 },
    axisPointer: { type: "line", lineStyle: { color: colours.strong } },
  };
}

/** data: {name, unit, goal: number|null, higherIsBetter, points: [{label, value: number|null, shown, of, isMet}], digits} */
function trend(data, colours) {
  const goal = data.goal === null ? undefined : {
    silent: true, symbol: "none", animation: false,
    lineStyle: { color: colours.soft, type: [4, 4], width: 1 },
    label: { formatter: data.goalShown, position: "insideEndTop", ...text(colours) },
    data: [{ yAxis: data.goal }],
  };
  const values = data.points.map((point) => point.value).filter((value) => value !== null);
  const low = Math.min(...values, data.goal ?? Infinity);
  const floor = data.unit === "%" ? Math.max(0, Math.floor((low - 5) / 10) * 10) : 0;
  return {
    animation: false,
    grid: { left: 8, right: 16, top: 24, bottom: 4, containLabel: true },
    tooltip: { ...tooltip(colours), formatter: (items) => data.points[items[0].dataIndex].tip },
    xAxis: { type: "category", data: data.points.map((point) => point.label), axisTick: { show: false }, axisLine: { lineStyle: { color: colours.strong } }, axisLabel: text(colours) },
    yAxis: { type: "value", min: floor, max: data.unit === "%" ? 100 : null, splitNumber: 4, axisLabel: { ...text(colours), formatter: `{value}${data.unit === "%" ? " %" : ""}` }, name: data.unit === "%" ? "" : data.unit, nameTextStyle: text(colours), splitLine: { lineStyle: { color: colours.line } } },
    series: [{
      type: "line", data: data.points.map((point) => ({
        value: point.value,
        itemStyle: { color: point.isMet === false ? colours.missed : colours.accent },
        symbol: point.isMet === false ? "diamond" : "circle",
      })), symbolSize: 7, lineStyle: { color: colours.accent, width: 2 }, connectNulls: false, markLine: goal,
    }],
  };
}

/** data: {name, unit, goal, bars: [{label, value: number|null, tip, isMet}]} */
function groups(data, colours) {
  const colour = { true: colours.met, false: colours.missed, null: colours.running };
  return {
    animation: false,
    grid: { left: 8, right: 56, top: 8, bottom: 4, containLabel: true },
    tooltip: { ...tooltip(colours), axisPointer: { type: "shadow", shadowStyle: { color: colours.sunken, opacity: 0.5 } }, formatter: (items) => data.bars[items[0].dataIndex].tip },
    xAxis: { type: "value", min: 0, max: data.unit === "%" ? 100 : null, interval: data.unit === "%" ? 25 : null, splitNumber: 4, axisLabel: text(colours), splitLine: { lineStyle: { color: colours.line } } },
    yAxis: { type: "category", inverse: true, data: data.bars.map((bar) => bar.label), axisTick: { show: false }, axisLine: { lineStyle: { color: colours.strong } }, axisLabel: { ...text(colours), color: colours.soft, width: 130, overflow: "truncate" } },
    series: [{
      type: "bar", barMaxWidth: 16, itemStyle: { borderRadius: [0, 3, 3, 0] },
      data: data.bars.map((bar) => ({ value: bar.value, itemStyle: { color: colour[String(bar.isMet)] } })),
      label: { show: true, position: "right", ...text(colours), color: colours.soft, formatter: (item) => data.bars[item.dataIndex].shown },
      markLine: data.goal === null ? undefined : { silent: true, symbol: "none", animation: false, label: { show: false }, lineStyle: { color: colours.soft, type: [4, 4] }, data: [{ xAxis: data.goal }] },
    }],
  };
}

const makers = { trend, groups };

function draw(element) {
  const data = JSON.parse(document.getElementById(element.dataset.chart).textContent);
  const chart = alive.get(element) ?? echarts.init(element, null, { renderer: "canvas" });
  alive.set(element, chart);
  chart.setOption({ ...makers[data.kind](data, palette()), aria: { enabled: false } }, true);
}

function drawAll() {
  for (const [element, chart] of alive) {
    if (!element.isConnected) {
      chart.dispose();
      alive.delete(element);
    }
  }
  for (const element of document.querySelectorAll("[data-chart]")) draw(element);
}

window.addEventListener("resize", () => { for (const chart of alive.values()) chart.resize(); });
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
document.addEventListener("htmx:afterSettle", drawAll);
drawAll();
