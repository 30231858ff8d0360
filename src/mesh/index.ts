export { checkPlacement, type CheckOptions, type Findings } from './check.js'
export { divisorsOf, largestDivisor } from './divisors.js'
export { meshProblem, parsePairs, type Pair } from './pairs.js'
export {
  axesOf,
  axisSize,
  LayoutError,
  parseMesh,
  parsePlacement,
  partsOf,
  partsOn,
  showLayout,
  showMesh,
  type Axes,
  type Axis,
  type Layout,
  type Mesh,
  type Placement,
} from './placement.js'
export { refuseIndivisible, refuseTwoAxes } from './refusals.js'
export { rolesOf, rolesOfOutputs } from './roles.js'
export {
  blockOf,
  coordinates,
  cut,
  forEachRun,
  intersection,
  leadingIndices,
  owners,
  paste,
  shardDims,
  wholeBlock,
  type Block,
} from './shards.js'
