/** Recorded cases of which each compiles programs of its own. */
import { testRecorded } from './recorded.js'

testRecorded('goldens/layouts.json', 56)
testRecorded('config/refused.json', 100)
