export { costsOf, flopsFormula, type LayerCosts, type ModelCosts, type Variable } from './costs.js'
