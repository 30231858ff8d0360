import { axesOf, axisSize, type Axes, type Placement } from '../../mesh/index.js'
import type { Shape } from '../../tensor/primitive.js'
import type { Role } from '../../tensor/index.js'

/**
 * Shardings of values in Shardy's notation: one entry for each dim, `{"x"}` for a split one, `{}`
 * for a whole one, `{?}` for one that XLA decides. Source: openxla/shardy, docs/sharding_representation.md.
 */
export class Shardings {
  private readonly roles = new Map<Shape, Role>()

  constructor(readonly placement: Placement) {}

  set(value: Shape, role: Role): void {
    this.roles.set(value, role)
  }

  roleOf(value: Shape): Role {
    return this.roles.get(value) ?? 'computation'
  }

  axesOf(value: Shape): Axes {
    return axesOf(this.placement, value.dims, this.roleOf(value))
  }

  /** `sdy.mesh @mesh = <["x"=4, "y"=2]>` */
  mesh(): string {
    const axes = this.placement.mesh.axes.filter(({ size }) => size > 1)
    return `sdy.mesh @mesh = <[${axes.map(({ name, size }) => `"${name}"=${size}`).join(', ')}]>`
  }

  /** `<@mesh, [{"x"}, {}]>` */
  of(value: Shape): string {
    const { mesh, layout, parameterLayout } = this.placement
    const rules = this.roleOf(value) === 'parameters' ? parameterLayout : layout
    const axes = this.axesOf(value)
    const entries = value.dims.map(({ name }, i) => {
      if (axes[i] !== null) return `{"${axes[i]}"}`
      return axisSize(mesh, rules.get(name)) > 1 ? '{?}' : '{}'
    })
    return `<@mesh, [${entries.join(', ')}]>`
  }

  /** Of an argument or a result of the program. */
  argument(value: Shape): string {
    return `sdy.sharding = #sdy.sharding${this.of(value)}`
  }
}
