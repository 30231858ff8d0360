import { isInteger } from '../../tensor/dtype.js'
import type { ScanAttributes } from '../../tensor/ops/control.js'
import type { Program } from '../../tensor/program.js'
import type { Shape } from '../../tensor/primitive.js'
import { productOf } from '../../tensor/dim.js'
import { bytesHeld } from './arrays.js'
import type { Backend } from './backend.js'
import { copy } from './copy.js'
import { flatten, usersOf, type Flat, type Op } from './flat.js'
import { Group, type Base, type Ref } from './group.js'
import type { Kernel, Made } from './kernel.js'
import { dense, isContiguous, sizesOf } from './layout.js'
import { OWN, type Rule } from './own.js'
import { makePlan, type Plan, type Step } from './plan.js'
import { ROWS, type TfjsRow } from './rows.js'
import { ownedByBody, scanBytes, scanRunner } from './scan.js'
import { expandable, rowStep, tileStep, type Argument } from './tfjs-step.js'

/**
 * Plans a program for a backend: views become layouts, elementwise operations of equal sizes common loops, the rest a step
 * each. `owned` says which inputs the plan may free.
 */
export function planProgram(program: Program, backend: Backend, owned: readonly boolean[]): Plan {
  return new Builder(flatten(program), backend, owned).build()
}

const ruleOf = ({ name }: Op) => OWN[name] as Rule<unknown>

class Builder {
  /** Where each value is. */
  private readonly refs: Ref[] = []
  private readonly slots: Made[] = []
  private readonly steps: Step[] = []
  /** Loops that may still grow, by their sizes. */
  private readonly open = new Map<string, Group>()
  private readonly users: readonly (readonly number[])[]

  constructor(
    private readonly flat: Flat,
    private readonly backend: Backend,
    private readonly owned: readonly boolean[],
  ) {
    this.users = usersOf(flat, (op) => typeof ruleOf(op) === 'object' && 'view' in (ruleOf(op) as object))
  }

  build(): Plan {
    const { flat, owned } = this
    for (const x of flat.inputs) this.refs[x] = this.inSlot(this.made(x))
    flat.ops.forEach((op, i) => this.place(op, i))
    // Each output is a tensor of its own, which the caller frees.
    const taken = new Set(owned.flatMap((mine, slot) => (mine ? [] : [slot])))
    const outputs = flat.outputs.map((y) => {
      let slot = this.whole(y)
      if (taken.has(slot)) slot = this.copied(this.refs[y]).base.slot
      taken.add(slot)
      return slot
    })
    return makePlan(this.steps, owned, outputs, (slot) => bytesHeld(this.slots[slot].sizes, this.slots[slot].dtype))
  }

  private place(op: Op, index: number): void {
    const rule = ruleOf(op)
    const row = this.rowOf(op)
    const { attributes } = op.node
    const [y] = op.outputs
    if (rule === 'plan') this.scan(op)
    else if ('known' in rule) {
      const { numbers, layout } = rule.known(attributes)
      const base = { sizes: [numbers.length], dtype: this.made(y).dtype, slot: -1, known: numbers }
      this.refs[y] = { base, layout }
    } else if ('view' in rule) this.view(op, rule, row)
    else if (row) this.byRow(op, row)
    else if ('element' in rule) {
      const from = this.made(op.inputs.at(-1)!).dtype
      this.join(op, index, (operands) => rule.element(operands, from, attributes, this.made(y).dtype))
    } else {
      const inputs = op.inputs.map((x) => this.settled(x))
      const made = op.outputs.map((each) => this.made(each))
      const given = inputs.map(({ base: { dtype }, layout }) => ({ dtype, layout }))
      const refs = this.ownStep(op.name, inputs, made, rule.kernel(given, attributes, made))
      op.outputs.forEach((each, i) => (this.refs[each] = refs[i]))
    }
  }

  /** The row of tfjs kernels for an operation, or null where it runs on arrays of the host. */
  private rowOf({ name, inputs, outputs }: Op): TfjsRow<unknown> | null {
    const row = ROWS[name] as TfjsRow<unknown> | 'own'
    if (this.backend.hosted || row === 'own' || !row.kernels.every((kernel) => this.backend.has(kernel))) return null
    const values = row.decides === 'both' ? [inputs[0], outputs[0]] : [inputs[row.decides ?? 0]]
    const dtypes = values.map((x) => this.made(x).dtype)
    return dtypes.some(isInteger) || (row.floatsOnly && dtypes[0] === 'bool') ? null : row
  }

  private view(op: Op, { view }: Extract<Rule<unknown>, { view: unknown }>, row: TfjsRow<unknown> | null): void {
    const [x] = op.inputs
    const look = (): Ref | null => {
      const { base, layout } = this.refs[x]
      const seen = view(layout, op.node.attributes, op.node)
      return seen && { base, layout: seen }
    }
    let ref = look()
    if (row && !(ref && expandable(ref))) return this.byRow(op, row)
    if (!ref) {
      this.whole(x)
      ref = look()!
    }
    this.refs[op.outputs[0]] = ref
  }

  /** Adds an elementwise operation to the open loop of its sizes. */
  private join({ inputs, outputs: [y] }: Op, index: number, write: (operands: readonly string[]) => string): void {
    const { sizes, dtype } = this.made(y)
    const key = sizes.join()
    for (const x of inputs) {
      const { base, layout } = this.refs[x]
      const fits = base.group === this.open.get(key) && layout.offset === 0 && isContiguous(layout)
      if (base.group && !fits) this.close(base.group)
    }
    if (this.open.get(key)?.full) this.close(this.open.get(key)!)
    const group = this.open.get(key) ?? new Group(sizes)
    this.open.set(key, group)
    const operands = inputs.map((x) => this.refs[x])
    this.refs[y] = { base: group.add(index, write, operands, dtype), layout: dense(sizes) }
  }

  /** Makes a step of a loop. Values that only the loop uses are not stored. */
  private close(group: Group): void {
    this.open.delete(group.sizes.join())
    const inside = new Set(group.ops)
    const isWanted = (op: number) => this.users[this.flat.ops[op].outputs[0]].some((user) => !inside.has(user))
    const results = group.ops.flatMap((op, member) => (isWanted(op) ? [member] : []))
    const bases = results.map((member) => group.bases[member])
    group.bases.forEach((base) => (base.group = undefined))
    const refs = this.ownStep(`loop of ${group.members.length}`, group.inputs, bases, group.kernel(results))
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
    const ones = this.backend.hosted || isInteger(dtype) ? null : expandable(ref)
    if (!ones) return this.ownStep('copy', [ref], [{ sizes, dtype }], copy(ref.layout))[0]
    const made = this.inSlot({ sizes, dtype })
    this.steps.push(tileStep({ ref, sizes: ones }, this.backend, made.base.slot))
    return made
  }

  private ownStep(name: string, inputs: readonly Ref[], made: readonly Made[], kernel: Kernel): Ref[] {
    const { backend } = this
    const refs = made.map(({ sizes, dtype }) => this.inSlot({ sizes, dtype }))
    this.steps.push({
      name,
      reads: inputs.flatMap(({ base }) => (base.known ? [] : [base.slot])),
      writes: refs.map(({ base }) => base.slot),
      run(tensors) {
        let next = 0
        const arrays = inputs.map(({ base }) => base.known ?? backend.numbers(tensors[next++]))
        const outputs = made.map(({ sizes, dtype }) => backend.allocate(sizes, dtype))
        kernel(arrays, outputs)
        return outputs.map((numbers, i) => backend.tensor(numbers, made[i].sizes, made[i].dtype))
      },
    })
    return refs
  }

  private byRow(op: Op, row: TfjsRow<unknown>): void {
    const shapes = (values: readonly number[]) => values.map((x) => this.flat.values[x])
    const refs = op.outputs.map((y) => this.inSlot(this.made(y)))
    // One operand at least has the sizes of the result.
    const repeats = (x: number) => productOf(this.refs[x].base.sizes) < productOf(this.refs[x].layout.sizes)
    const whole = Math.max(
      0,
      op.inputs.findIndex((x) => !repeats(x)),
    )
    const inputs = op.inputs.map((x, i) => this.argument(x, row.broadcasts === true && i !== whole))
    const writes = refs.map(({ base }) => base.slot)
    this.steps.push(rowStep(row, op, this.backend, inputs, shapes(op.inputs), shapes(op.outputs), writes))
    op.outputs.forEach((y, i) => (this.refs[y] = refs[i]))
  }

  /** An operand of a tfjs kernel, not repeated beforehand if the kernel does that. */
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
    const plan = planProgram(attributes.body, this.backend, ownedByBody(attributes))
    const reads = inputs.map((x) => this.whole(x))
    const refs = outputs.map((y) => this.inSlot(this.made(y)))
    const [given, made] = [inputs, outputs].map((list) => list.map((x) => this.flat.values[x]))
    const writes = refs.map(({ base }) => base.slot)
    const run = scanRunner(attributes, plan, this.backend, given, made)
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
