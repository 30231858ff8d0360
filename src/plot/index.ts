/** Charts as SVG text; they need no drawing library. */
export { drawAxes, type AxisText, type Box, type Scales } from './axes.js'
export { dotChart, type DotChart, type DotRow } from './dot-chart.js'
export { heatMap, type HeatMap } from './heat-map.js'
export { lineChart, type Axis, type LineChart, type Point, type Series } from './line-chart.js'
export { createScale, padded, type Scale, type ScaleOptions } from './scale.js'
export { COLOURS, mark, styleOf, type Style } from './style.js'
export { element, escapeXml, path, picture, QUIET, textAt, widthOf } from './svg.js'
export { thin } from './thin.js'
