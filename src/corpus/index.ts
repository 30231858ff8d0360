/** Raw text in: which files there are, archives, encodings, JSON lines, documents. */
export { cutText } from './cut-text.js'
export { DataError } from './error.js'
export { describePassedOver, findTexts, type FoundTexts } from './find-texts.js'
export { hasJsonLines, readDocuments, type DocumentPiece, type ReadOptions } from './read-documents.js'
export { readJsonLines as readTextLines, readJsonValues, type JsonLinesOptions } from './read-json-lines.js'
export { describeSkippedLines, newReport, type ReadReport } from './report.js'
export { countCodePoints } from './utf8.js'
export { utf8Pieces } from './utf8-pieces.js'
