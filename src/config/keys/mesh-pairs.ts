import { z } from 'zod'
import { meshProblem, parsePairs } from '../../mesh/index.js'

/** A mesh_shape or layout in canonical form: "x:4,y:2". */
export function pairsText(key: 'mesh_shape' | 'layout') {
  return z
    .unknown()
    .transform((value, context): string => {
      try {
        const pairs = parsePairs(value)
        const problem = key === 'mesh_shape' ? meshProblem(pairs) : null
        if (problem === null) return pairs.map((pair) => pair.join(':')).join(',')
        context.addIssue({ code: 'custom', message: problem })
      } catch (error) {
        context.addIssue({ code: 'custom', message: (error as Error).message })
      }
      return z.NEVER
    })
    .meta({ expected: key === 'mesh_shape' ? 'a string such as "x:4,y:2"' : 'a string such as "batch:x,heads:y"' })
}
