/** What danfo-files.ts uses of a package without types. */
declare module 'papaparse' {
  export function parse(text: string, options: object): { readonly data: unknown[] }
  export function unparse(table: object, options: object): string
}
