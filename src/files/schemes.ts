/** Addresses that are not supported as paths: what each one is, and how to copy its files here. */
import { FileError } from './error.js'

/** Schemes of other stores and services, and the command that copies their files to this machine. */
const elsewhere: readonly [schemes: RegExp, what: string, remedy: (address: string) => string][] = [
  [/^(s3|s3a|s3n)$/, 'in Amazon S3', (at) => `aws s3 cp --recursive ${at.replace(/^\w+/, 's3')} FOLDER`],
  [/^(az|azure|abfss?|wasbs?|adl)$/, 'in Azure Storage', () => 'azcopy copy'],
  [/^(hdfs|webhdfs|viewfs)$/, 'in Hadoop', (at) => `hdfs dfs -get ${at} FOLDER`],
  [/^dbfs$/, 'in Databricks', (at) => `databricks fs cp -r ${at} FOLDER`],
  [/^(ftps?|sftp|scp|ssh|rsync)$/, 'on another machine', () => 'scp -r'],
  [/^git(\+\w+)?$/, 'a git repository', (at) => `git clone ${at}`],
]

/**
 * Throws FileError for an address such as s3://, https:// or GS://, which would otherwise be read as a folder's name.
 */
export function refuseScheme(path: string): void {
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]+):\/\/\/?([^/][^]*)$/i.exec(path) ?? []
  if (scheme === undefined || /^gs:\/\//.test(path)) return
  const say = schemeProblem(scheme.toLowerCase(), rest)
  if (say !== undefined) throw new FileError(`${path} ${say}`, path)
}

function schemeProblem(scheme: string, rest: string): string | undefined {
  const address = `${scheme}://${rest}`
  if (scheme === 'gs' || scheme === 'gcs') return `must begin with gs:// in lower case. Write gs://${rest}`
  if (scheme === 'file') return `is the URL of a local file. Write its path, /${rest}`
  if (scheme === 'hf') return `is on the Hugging Face hub. Download it first: ${hubDownload(rest)}`
  if (scheme === 'http' || scheme === 'https') return urlProblem(address, rest)
  for (const [schemes, what, remedy] of elsewhere)
    if (schemes.test(scheme)) return `is ${what}, which neomesh does not read. Copy it here first: ${remedy(address)}`
  // A folder may have a colon in its name.
  return undefined
}

function urlProblem(address: string, rest: string): string {
  const [, hub] = /^(?:www\.)?(?:huggingface\.co|hf\.co)\/(.+)$/.exec(rest) ?? []
  if (hub !== undefined) return `is a page of the Hugging Face hub. Download it first: ${hubDownload(hub)}`
  const [, bucket] = /^(?:storage\.googleapis\.com|storage\.cloud\.google\.com)\/(.+)$/.exec(rest) ?? []
  if (bucket !== undefined) return `is a URL of Google Cloud Storage. Write gs://${bucket}`
  return `is a URL, which neomesh does not read. Download it first: curl -L -O ${address}`
}

/** The command that downloads a model or data set from the hub. */
function hubDownload(path: string): string {
  const parts = path.split(/[/?#]/).filter((part) => part !== '')
  const isData = parts[0] === 'datasets'
  const [owner, name] = isData ? parts.slice(1) : parts
  const repository = [owner, name].filter((part) => part !== undefined).join('/')
  return `hf download ${repository}${isData ? ' --repo-type dataset' : ''} --local-dir ${name ?? owner}`
}

/**
 * A hint for the error about a path that does not exist: it may be the name of a model on the hub, such as
 * EleutherAI/gpt-neo-125m, and how to import it; '' if it cannot be one. Append it to the message.
 */
export function hubHint(path: string): string {
  if (!/^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/.test(path) || /\.(json|txt|safetensors|bin|index)$/.test(path))
    return ''
  return `. If it is a model on the Hugging Face hub, import it first: neomesh import hf ${path} --out FOLDER`
}
