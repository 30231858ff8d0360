/** The kernel's name and language, for kernel_info_reply of Jupyter's protocol. */
export const KERNEL_INFO = {
  status: 'ok',
  protocol_version: '5.3',
  implementation: 'neomesh',
  implementation_version: '1.0.0',
  banner: 'neomesh: TypeScript',
  language_info: {
    name: 'typescript',
    version: '5.0',
    mimetype: 'text/typescript',
    file_extension: '.ts',
    pygments_lexer: 'typescript',
    codemirror_mode: { name: 'javascript', mode: 'typescript', typescript: true },
    nbconvert_exporter: 'script',
  },
} as const
