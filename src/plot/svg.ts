/** Builds SVG as text. */

type Attributes = Readonly<Record<string, string | number | undefined>>

/** An element with children, which are SVG already. */
export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? rounded(value) : escapeXml(value!)}"`)
    .join('')
  return children.length === 0 ? `<${name}${written}/>` : `<${name}${written}>${children.join('')}</${name}>`
}

export function textAt(x: number, y: number, text: string, attributes: Attributes = {}): string {
  return element('text', { x, y, ...attributes }, escapeXml(text))
}

/** Escapes text for XML and HTML. Characters that XML does not allow become U+FFFD, or viewers would reject the picture. */
export function escapeXml(text: string): string {
  return text
    .replace(NOT_XML, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

/** Control characters except tab and line ends, unpaired surrogates, U+FFFE and U+FFFF. */
const NOT_XML =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

/** A line through points, or with `closed` around an area. */
export function path(points: readonly (readonly [number, number])[], closed = false): string {
  return `${points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${rounded(x)} ${rounded(y)}`).join('')}${closed ? 'Z' : ''}`
}

const rounded = (value: number) => String(Math.round(value * 100) / 100)

const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"
/** Colour of secondary text. */
export const QUIET = '#555'

/** A whole picture with its title. */
export function picture(width: number, height: number, title: string, content: readonly string[]): string {
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: 'img',
      'aria-label': title,
      'font-family': FONT,
      'font-size': 12,
      fill: '#222',
    },
    element('rect', { width, height, fill: '#fff' }),
    textAt(14, 24, title, { 'font-size': 15, 'font-weight': 600 }),
    ...content,
  )
}

/** Approximate width of a text, in pixels. */
export function widthOf(text: string, size = 12): number {
  return text.length * size * 0.58
}
