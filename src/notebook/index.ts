export { interruptSignal } from './interrupt.js'
export { param, type ParamLimits } from './param.js'
