/** Downloads and uploads of the Hugging Face hub, in Node: package.json's `imports` choose browser.ts elsewhere. */
export { downloadModel, type DownloadedModel, type DownloadOptions, type DownloadProgress } from './download.js'
export { importFromHub, type ImportFromHubOptions } from './import.js'
export { uploadModel, type UploadOptions } from './upload.js'
