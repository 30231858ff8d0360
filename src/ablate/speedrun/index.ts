export { runSpeedrun, type SpeedrunEvent, type SpeedrunOptions, type SpeedrunRun } from './run-speedrun.js'
export { speedrunFigures, speedrunTable, speedrunVerdict } from './speedrun-document.js'
export {
  newRecord,
  summaryOfRecipes,
  type RecipeResult,
  type SpeedrunReport,
  type SpeedrunRow,
} from './speedrun-report.js'
export { parseSpeedrun, readSpeedrun, type SpeedrunSpec } from './speedrun-spec.js'
export { fasterTest, type FasterTest } from './welch.js'
export { readSpeedrunReport, speedrunFiles, writeSpeedrunReport } from './write-speedrun-report.js'
