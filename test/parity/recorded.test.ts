/** Files of recorded cases other than models' steps, which test/model/goldens.test.ts has. */
import { testRecorded } from './recorded.js'

testRecorded('goldens/run.json', 1)
testRecorded('goldens/schedules.json', 9)
testRecorded('goldens/initializers.json', 8)
testRecorded('goldens/activations.json', 43)
testRecorded('goldens/sampling.json', 18)
testRecorded('data/goldens.json', 26)
