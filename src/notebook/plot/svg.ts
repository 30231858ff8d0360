type Attributes = Readonly<Record<string, string | number | undefined>>

/** An element with children, which are SVG already. */
export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const pairs = Object.entries(attributes).filter(([, value]) => value !== undefined)
  const text = pairs.map(([key, value]) => ` ${key}="${typeof value === 'number' ? short(value) : escapeXml(value!)}"`)
  return children.length > 0 ? `<${name}${text.join('')}>${children.join('')}</${name}>` : `<${name}${text.join('')}/>`
}

export function textAt(x: number, y: number, text: string, attributes: Attributes = {}): string {
  return element('text', { x, y, ...attributes }, escapeXml(text))
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

export function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character])
}

/** Two decimals: a picture needs no more. */
const short = (value: number) => String(Math.round(value * 100) / 100)

/** A line through points. */
export function path(points: readonly (readonly [number, number])[]): string {
  return points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${short(x)} ${short(y)}`).join('')
}

/** Of text that is read second. */
export const QUIET = '#555'

/** A whole picture with its title. */
export function picture(width: number, height: number, title: string, content: readonly string[]): string {
  const frame = { xmlns: 'http://www.w3.org/2000/svg', viewBox: `0 0 ${width} ${height}`, width, height }
  const font = { 'font-family': 'system-ui, Roboto, Helvetica, Arial, sans-serif', 'font-size': 12, fill: '#222' }
  return element(
    'svg',
    { ...frame, ...font, role: 'img', 'aria-label': title },
    element('rect', { width, height, fill: '#fff' }),
    textAt(14, 24, title, { 'font-size': 15, 'font-weight': 600 }),
    ...content,
  )
}
