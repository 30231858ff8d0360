/**
 * The steps of a tokenizer.json around its model, which run before and after BPE. Steps without effect are ignored,
 * Sequences are flattened, and the rest must be GPT-2's.
 */
import { supports, type Json } from './supports.js'

/** GPT-2's word pattern, as tiktoken, OpenAI and conversions of both spell it. */
const PATTERNS = [
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
]

/** Throws TokenizerError for an unsupported step that would change the ids of a text. */
export function checkSteps(where: string, file: Json): void {
  const [normalizer] = stepsOf(file.normalizer, 'normalizers').filter((step) => !isIdle(step))
  if (normalizer !== undefined) supports(where, 'normalizer', normalizer.type ?? normalizer, [null, undefined])
  const steps = stepsOf(file.pre_tokenizer, 'pretokenizers')
  const splits = steps.length === 2 && isWordPattern(steps[0])
  const [cut = {}, ...more] = splits ? steps.slice(1) : steps
  supports(where, 'pre_tokenizer', cut.type, ['ByteLevel'])
  if (more.length > 0) supports(where, 'pre_tokenizer', more.map(({ type }) => type).join(), ['ByteLevel'])
  supports(where, 'pre_tokenizer.add_prefix_space', cut.add_prefix_space, [false])
  // After a Split into words, ByteLevel's own split has no effect.
  if (!splits) supports(where, 'pre_tokenizer.use_regex', cut.use_regex, [undefined, true])
  for (const { type } of stepsOf(file.post_processor, 'processors'))
    supports(where, 'post_processor', type, [undefined, 'ByteLevel', ...templates])
  const decoders = stepsOf(file.decoder, 'decoders').map(({ type }) => type)
  for (const type of decoders) supports(where, 'decoder', type, ['ByteLevel', 'Fuse'])
}

/** The settings that are not applied, one per line: those that transformers resets or a call can switch off. */
export function notesOfSteps(where: string, file: Json): string[] {
  const used = ['truncation', 'padding'].filter((part) => file[part] !== undefined && file[part] !== null)
  const around = stepsOf(file.post_processor, 'processors').flatMap(addedAround)
  return [
    ...(used.length > 0 ? [`${where}: ${used.join(' and ')} of the file not applied: all ids of a text are kept`] : []),
    ...(around.length > 0
      ? [
          `${where}: post_processor not applied: its ${around.join(', ')} is not put around a text, as with ` +
            'add_special_tokens=False',
        ]
      : []),
  ]
}

/** Post-processors that put tokens around a text; ByteLevel as a post-processor only trims offsets, which do not exist here. */
const templates = ['TemplateProcessing', 'RobertaProcessing', 'BertProcessing']

/** The tokens that a post-processor puts around a single text. */
function addedAround({ type, single, cls, sep }: Json): string[] {
  if (type === 'TemplateProcessing' && Array.isArray(single))
    return single.flatMap((part: Json) => (part?.SpecialToken ? [String((part.SpecialToken as Json).id)] : []))
  return templates.includes(type as string)
    ? [cls, sep].flatMap((pair) => (Array.isArray(pair) ? [String(pair[0])] : []))
    : []
}

/** A Split at GPT-2's words: the words isolated, or all but the words removed. */
function isWordPattern({ type, pattern, behavior, invert = false }: Json): boolean {
  if (type !== 'Split' || !PATTERNS.includes((pattern as Json | null)?.Regex as string)) return false
  return behavior === 'Isolated' || (behavior === 'Removed' && invert === true)
}

/** A normalizer with all its options switched off. */
function isIdle({ type, ...rest }: Json): boolean {
  if (type === 'Prepend') return rest.prepend === ''
  const off = (names: readonly string[]) => names.every((name) => rest[name] === false)
  if (type === 'Strip') return off(['strip_left', 'strip_right'])
  return type === 'BertNormalizer' && off(['clean_text', 'handle_chinese_chars', 'strip_accents', 'lowercase'])
}

/** The steps of a Sequence, or a single step; [] for null. */
function stepsOf(step: unknown, list: string): Json[] {
  if (step === null || step === undefined) return []
  const { type, [list]: steps } = Object(step) as Json
  return type === 'Sequence' && Array.isArray(steps) ? steps.flatMap((one) => stepsOf(one, list)) : [Object(step)]
}
