/** Recorded cases of which each compiles programs of its own. */
import { testRecorded } from './recorded.js'

testRecorded('goldens/layouts.json', 56)
testRecorded('config/refused.json', 100)
// Configs beside those of the other records: more gatings, microbatches, optimizers, positions, bf16.
testRecorded('goldens/variants.json', 51)
