import { isInteger } from '../../tensor/dtype.js'
import type { ScanAttributes } from '../../tensor/ops/control.js'
import type { Program } from '../../tensor/program.js'
import type { Shape } from '../../tensor/primitive.js'
import { productOf } from '../../tensor/dim.js'
import { bytesHeld } from './arrays.js'
import { copy } from './copy.js'
import { shapesOf } from './describe.js'
import type { DeviceKernels, Work } from './device.js'
import { elementwise, type Member } from './elementwise.js'
import { flatten, usersOf, type FlatProgram, type Op } from './flatten.js'
import { FusedLoop, type Base, type Ref } from './fused-loop.js'
import type { Kernel, Made } from './kernel.js'
import { dense, isContiguous, sizesOf } from './layout.js'
import { expandable, type Argument, type LibraryKernel } from './library.js'
import type { Memory } from './memory.js'
import { makePlan, type Plan, type Step } from './plan.js'
import { hostKernels, type Rule } from './rows.js'
import { ownedByBody, scanBytes, scanRunner } from './scan.js'

/**
 * Plans a program for a memory: views become layouts, elementwise operations of equal sizes common loops, the rest a step
 * each. `owned` says which inputs the plan may free.
 */
export function planProgram<T>(program: Program, memory: Memory<T>, owned: readonly boolean[]): Plan<T> {
  return new Builder(flatten(program), memory, owned).build()
}

const ruleOf = ({ name }: Op) => hostKernels[name] as Rule<unknown>

class Builder<T> {
  /** Where each value is. */
  private readonly refs: Ref[] = []
  private readonly slots: Made[] = []
  private readonly steps: Step<T>[] = []
  /** Loops that may still grow, by their sizes. */
  private readonly open = new Map<string, FusedLoop>()
  private readonly users: readonly (readonly number[])[]

  constructor(
    private readonly flat: FlatProgram,
    private readonly memory: Memory<T>,
    private readonly owned: readonly boolean[],
  ) {
    this.users = usersOf(flat, (op) => typeof ruleOf(op) === 'object' && 'view' in (ruleOf(op) as object))
  }

  build(): Plan<T> {
    const { flat, owned } = this
    for (const x of flat.inputs) this.refs[x] = this.inSlot(this.made(x))
    flat.ops.forEach((op, i) => this.add(op, i))
    // Each output is an array to itself, which the caller frees.
    const taken = new Set(owned.flatMap((mine, slot) => (mine ? [] : [slot])))
    const outputs = flat.outputs.map((y) => {
      let slot = this.whole(y)
      if (taken.has(slot)) slot = this.copied(this.refs[y]).base.slot
      taken.add(slot)
      return slot
    })
    return makePlan(this.steps, owned, outputs, (slot) => bytesHeld(this.slots[slot].sizes, this.slots[slot].dtype))
  }

  private add(op: Op, index: number): void {
    const rule = ruleOf(op)
    const kernel = this.libraryKernel(op)
    const { attributes } = op.node
    const [y] = op.outputs
    if (rule === 'plan') this.scan(op)
    else if ('known' in rule) {
      const { numbers, layout } = rule.known(attributes)
      const base = { sizes: [numbers.length], dtype: this.made(y).dtype, slot: -1, known: numbers }
      this.refs[y] = { base, layout }
    } else if ('view' in rule) this.view(op, rule, kernel)
    else if (kernel) this.byLibrary(op, kernel)
    else if ('element' in rule) {
      const from = this.made(op.inputs.at(-1)!).dtype
      const to = this.made(y).dtype
      this.join(op, index, {
        op: { name: op.name, attributes, from },
        write: (operands) => rule.element(operands, from, attributes, to),
        vector: (scope, operands) => rule.vector?.(scope, operands, from, attributes, to) ?? null,
      })
    } else {
      const inputs = op.inputs.map((x) => this.settled(x))
      const made = op.outputs.map((each) => this.made(each))
      const given = inputs.map(({ base: { dtype }, layout }) => ({ dtype, layout }))
      const refs = this.step(
        op.name,
        inputs,
        made,
        (device) => device.kernel(op, given, made),
        () => rule.kernel(given, attributes, made),
      )
      op.outputs.forEach((each, i) => (this.refs[each] = refs[i]))
    }
  }

  /** The library's kernel for an operation, or null where the host's runs. */
  private libraryKernel(op: Op): LibraryKernel<T> | null {
    const { library } = this.memory
    const dtypes = (values: readonly number[]) => values.map((x) => this.made(x).dtype)
    return library && library.kernelFor(op, dtypes(op.inputs), dtypes(op.outputs))
  }

  private view(op: Op, { view }: Extract<Rule<unknown>, { view: unknown }>, kernel: LibraryKernel<T> | null): void {
    const [x] = op.inputs
    const look = (): Ref | null => {
      const { base, layout } = this.refs[x]
      const seen = view(layout, op.node.attributes, op.node)
      return seen && { base, layout: seen }
    }
    let ref = look()
    if (kernel && !(ref && expandable(ref))) return this.byLibrary(op, kernel)
    if (!ref) {
      this.whole(x)
      ref = look()!
    }
    this.refs[op.outputs[0]] = ref
  }

  /** Adds an elementwise operation to the open loop of its sizes. */
  private join({ inputs, outputs: [y] }: Op, index: number, code: Pick<Member, 'op' | 'write' | 'vector'>): void {
    const { sizes, dtype } = this.made(y)
    const key = sizes.join()
    for (const x of inputs) {
      const { base, layout } = this.refs[x]
      const fits = base.group === this.open.get(key) && layout.offset === 0 && isContiguous(layout)
      if (base.group && !fits) this.close(base.group)
    }
    const operands = inputs.map((x) => this.refs[x])
    const last = this.open.get(key)
    const most = this.memory.device?.mostInputs ?? Infinity
    if (last && (last.full || last.readsWith(operands) > most)) this.close(last)
    const group = this.open.get(key) ?? new FusedLoop(sizes)
    this.open.set(key, group)
    this.refs[y] = { base: group.add(index, code, operands, dtype), layout: dense(sizes) }
  }

  /** Makes a step of a loop. Values that only the loop uses are not stored. */
  private close(group: FusedLoop): void {
    this.open.delete(group.sizes.join())
    const inside = new Set(group.ops)
    const isWanted = (op: number) => this.users[this.flat.ops[op].outputs[0]].some((user) => !inside.has(user))
    const results = group.ops.flatMap((op, member) => (isWanted(op) ? [member] : []))
    const bases = results.map((member) => group.bases[member])
    group.bases.forEach((base) => (base.group = undefined))
    const loop = group.with(results)
    const refs = this.step(
      `loop of ${group.members.length}`,
      group.inputs,
      bases,
      (device) => device.loop(loop),
      () => elementwise(loop),
    )
    bases.forEach((base, i) => (base.slot = refs[i].base.slot))
  }

  /** A value whose numbers are there. */
  private settled(x: number): Ref {
    const { group } = this.refs[x].base
    if (group) this.close(group)
    return this.refs[x]
  }

  /** The slot of a value that has it in row-major order and nothing else. */
  private whole(x: number): number {
    const { base, layout } = this.settled(x)
    const there = !base.known && layout.offset === 0 && isContiguous(layout)
    if (!there || productOf(base.sizes) !== productOf(layout.sizes)) this.refs[x] = this.copied(this.refs[x])
    return this.refs[x].base.slot
  }

  private copied(ref: Ref): Ref {
    const { sizes } = ref.layout
    const { dtype } = ref.base
    const { library } = this.memory
    const ones = library && !isInteger(dtype) ? expandable(ref) : null
    if (!library || !ones)
      return this.step(
        'copy',
        [ref],
        [{ sizes, dtype }],
        (device) => device.copy(ref.layout, dtype),
        () => copy(ref.layout),
      )[0]
    const made = this.inSlot({ sizes, dtype })
    this.steps.push(library.tile({ ref, sizes: ones }, made.base.slot))
    return made
  }

  /** A step of one kernel: the device's, if the memory is one's, else the host's. */
  private step(
    name: string,
    inputs: readonly Ref[],
    made: readonly Made[],
    onDevice: (device: DeviceKernels<T>) => Work<T>,
    onHost: () => Kernel,
  ): Ref[] {
    const { device } = this.memory
    const refs = made.map(({ sizes, dtype }) => this.inSlot({ sizes, dtype }))
    this.steps.push({
      name,
      shapes: shapesOf(inputs, made),
      reads: inputs.flatMap(({ base }) => (base.known ? [] : [base.slot])),
      writes: refs.map(({ base }) => base.slot),
      ...(device ? { run: deviceRun(device, inputs, onDevice(device)) } : hostRun(this.memory, inputs, made, onHost())),
    })
    return refs
  }

  private byLibrary(op: Op, kernel: LibraryKernel<T>): void {
    const shapes = (values: readonly number[]) => values.map((x) => this.flat.values[x])
    const refs = op.outputs.map((y) => this.inSlot(this.made(y)))
    // One operand at least has the sizes of the result.
    const repeats = (x: number) => productOf(this.refs[x].base.sizes) < productOf(this.refs[x].layout.sizes)
    const whole = Math.max(
      0,
      op.inputs.findIndex((x) => !repeats(x)),
    )
    const inputs = op.inputs.map((x, i) => this.argument(x, kernel.broadcasts && i !== whole))
    const writes = refs.map(({ base }) => base.slot)
    this.steps.push(kernel.step(inputs, shapes(op.inputs), shapes(op.outputs), writes))
    op.outputs.forEach((y, i) => (this.refs[y] = refs[i]))
  }

  /** An operand of a library's kernel, not repeated beforehand if the kernel does that. */
  private argument(x: number, repeats: boolean): Argument {
    const ref = this.settled(x)
    const ones = expandable(ref)
    if (ones && (repeats || productOf(ones) === productOf(ref.layout.sizes))) return { ref, sizes: ones }
    this.whole(x)
    return { ref: this.refs[x], sizes: this.refs[x].layout.sizes }
  }

  private scan({ name, node, inputs, outputs }: Op): void {
    if (node.primitive.traits.body !== 'loop') throw new Error(`the plan has no operation ${name}`)
    const attributes = node.attributes as ScanAttributes
    const plan = planProgram(attributes.body, this.memory, ownedByBody(attributes))
    const reads = inputs.map((x) => this.whole(x))
    const refs = outputs.map((y) => this.inSlot(this.made(y)))
    const [given, made] = [inputs, outputs].map((list) => list.map((x) => this.flat.values[x]))
    const writes = refs.map(({ base }) => base.slot)
    const run = scanRunner(attributes, plan, this.memory, given, made)
    this.steps.push({ name, reads, writes, run, bytes: scanBytes(plan, attributes, given) })
    outputs.forEach((y, i) => (this.refs[y] = refs[i]))
  }

  private inSlot({ sizes, dtype }: Made): Ref {
    const base: Base = { sizes, dtype, slot: this.slots.push({ sizes, dtype }) - 1 }
    return { base, layout: dense(sizes) }
  }

  private made(x: number): Made {
    const { dims, dtype }: Shape = this.flat.values[x]
    return { sizes: sizesOf(dims), dtype }
  }
}

/** Runs a kernel on numbers in JavaScript's memory. */
function hostRun<T>(memory: Memory<T>, inputs: readonly Ref[], made: readonly Made[], kernel: Kernel) {
  const run = (arrays: readonly T[]) => {
    let next = 0
    const numbers = inputs.map(({ base }) => base.known ?? memory.numbers(arrays[next++]))
    const outputs = made.map(({ sizes, dtype }) => memory.allocate(sizes, dtype))
    kernel(numbers, outputs)
    return outputs.map((output, i) => memory.array(output, made[i].sizes, made[i].dtype))
  }
  return { run, flops: kernel.flops }
}

function deviceRun<T>(device: DeviceKernels<T>, inputs: readonly Ref[], work: Work<T>) {
  return (arrays: readonly T[]) => {
    let next = 0
    return work(inputs.map(({ base }) => (base.known ? device.known(base.known, base.dtype) : arrays[next++])))
  }
}
