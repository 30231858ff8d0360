/** What happens on the way from nothing to a trained model and nothing again, for people and for programs. */
import { duration, fixed } from '../text/index.js'

export type TpuEvent =
  /** A TPU is asked for. */
  | { readonly kind: 'create'; readonly name: string; readonly zone: string; readonly type: string }
  /** What is waited for, in words; reported when it changes. */
  | { readonly kind: 'wait'; readonly name: string; readonly zone: string; readonly reason: string }
  | { readonly kind: 'ready'; readonly name: string; readonly zone: string; readonly workers: number }
  /** A zone, or all of them, did not give one. */
  | { readonly kind: 'no-capacity'; readonly zone: string; readonly reason: string }
  | { readonly kind: 'pause'; readonly seconds: number; readonly reason: string }
  | { readonly kind: 'setup'; readonly worker: number; readonly of: number; readonly what: string }
  | { readonly kind: 'start'; readonly workers: number }
  /** Lines that a worker printed. */
  | { readonly kind: 'log'; readonly worker: number; readonly of: number; readonly text: string }
  | { readonly kind: 'step'; readonly step: number; readonly loss: number }
  /** The TPU or the training is lost; it is begun again from the last checkpoint. */
  | { readonly kind: 'lost'; readonly name: string; readonly reason: string }
  | { readonly kind: 'trained'; readonly run: string }
  | { readonly kind: 'delete'; readonly name: string; readonly zone: string }
  /** Proven: nothing with the run's label is left. */
  | { readonly kind: 'clean'; readonly run: string; readonly cost: number | null }
  | { readonly kind: 'kept'; readonly name: string; readonly zone: string }
  | { readonly kind: 'note'; readonly text: string }

export type OnTpuEvent = (event: TpuEvent) => void

/** An event as a line; null for those without one. */
export function describeTpuEvent(event: TpuEvent): string | null {
  switch (event.kind) {
    case 'create':
      return `creating ${event.type} "${event.name}" in ${event.zone}`
    case 'wait':
      return `${event.name}: ${event.reason}`
    case 'ready':
      return `${event.name} is ready in ${event.zone}: ${workers(event.workers)}`
    case 'no-capacity':
      return `${event.zone}: ${event.reason}`
    case 'pause':
      return `${event.reason}; next attempt in ${duration(event.seconds)}`
    case 'setup':
      return `${ofWorkers(event)}${event.what}`
    case 'start':
      return `training started on ${workers(event.workers)}`
    case 'log':
      return event.text
        .split('\n')
        .map((line) => `${ofWorkers(event)}${line}`)
        .join('\n')
    case 'step':
      return `step ${event.step}: loss ${fixed(event.loss, 4)}`
    case 'lost':
      return `${event.name} is lost: ${event.reason}`
    case 'trained':
      return `trained: ${event.run}`
    case 'delete':
      return `deleting "${event.name}" in ${event.zone}`
    case 'clean':
      return `nothing with the label ${event.run} is left${event.cost === null ? '' : `; it cost at most ${fixed(event.cost, 2)} USD`}`
    case 'kept':
      return `"${event.name}" in ${event.zone} is kept, and costs money until its time limit. Delete it: neomesh tpu delete ${event.name} --zone ${event.zone}`
    case 'note':
      return event.text
  }
}

function workers(count: number): string {
  return count === 1 ? '1 worker' : `${count} workers`
}

function ofWorkers({ worker, of }: { readonly worker: number; readonly of: number }): string {
  return of === 1 ? '' : `worker ${worker}: `
}
