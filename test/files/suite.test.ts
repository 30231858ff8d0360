import { test } from 'node:test'
import * as files from '../../src/files/index.js'
import { cases } from '../browser/suite.js'
import { temporaryFolder } from './temporary-folder.js'

for (const [name, run] of Object.entries(cases))
  test(`here: ${name}`, async (t) => {
    await run({ files, folder: temporaryFolder(t) })
  })
