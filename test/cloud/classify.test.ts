/** What users hit, as one line with the next step: texts as they were reported. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { classify, withoutSecrets } from '../../src/cloud/classify.js'
import type { CloudErrorKind } from '../../src/cloud/index.js'

const context = { action: 'create the TPU "a" in us-west4-a', project: 'my-project', zone: 'us-west4-a' }

/** Code of google.rpc.Code, the service's words, the kind, and words of the remedy. */
const CASES: readonly (readonly [number | string | undefined, string, CloudErrorKind, RegExp])[] = [
  [8, 'There is no more capacity in the zone "europe-west4-a"; you can try in another zone where Cloud TPU Nodes are offered (see https://cloud.google.com/tpu/docs/regions) [EID: 0x1a2b]', 'stockout', /no free capacity of this type \(EID 0x1a2b\)\. Name more zones with --zones/],
  [9, 'Insufficient reserved capacity. Contact customer support to increase your reservation.', 'stockout', /no free capacity/],
  [8, 'The zone does not have enough resources available to fulfill the request. ZONE_RESOURCE_POOL_EXHAUSTED', 'stockout', /try again later/],
  [8, "Quota limit 'TPUV6EPreemptiblePerProjectPerRegionForTPUAPI' has been exceeded. Limit: 0 in region us-east5.", 'quota', /the quota TPUV6EPreemptiblePerProjectPerRegionForTPUAPI, a limit of 0 in us-east5, is used up\..*console\.cloud\.google\.com\/iam-admin\/quotas\?project=my-project/],
  [8, "8 RESOURCE_EXHAUSTED: Quota limit 'TPUV5sLitepodServingPerProjectPerZoneForTPUAPI' has been exceeded. Limit: 4 in zone us-west4-a.", 'quota', /TPUV5sLitepodServingPerProjectPerZoneForTPUAPI, a limit of 4 in us-west4-a/],
  [8, 'Quota exceeded for TPU cores', 'quota', /a quota in us-west4-a is used up/],
  [8, "Quota exceeded for quota metric 'Maximum number of CreateNode requests per minute' and limit 'CreateNode requests per minute'", 'rate', /too many requests in a minute/],
  [8, 'RESOURCE_EXHAUSTED', 'rate', /refuses more requests for now/],
  [3, 'Cloud TPU received a bad request. update is not supported while in state PREEMPTED', 'preempted', /Delete it and create another one/],
  [7, 'Location us-east1-d is not found or access is unauthorized.', 'zone', /project my-project may not use the zone us-east1-d\. Choose another zone/],
  [5, 'Location us-east9-z is not found or access is unauthorized.', 'zone', /us-east9-z/],
  [7, "Permission 'tpu.nodes.create' denied on 'projects/my-project/locations/us-west4-a/nodes/a'", 'permission', /lacks the permission tpu\.nodes\.create in project my-project\. Ask an owner for the role TPU Admin/],
  [7, 'The caller does not have permission', 'permission', /roles\/tpu\.admin/],
  [7, "The user does not have access to service account '1-compute@developer.gserviceaccount.com'. User needs iam.serviceAccounts.actAs", 'permission', /role Service Account User/],
  [7, 'Cloud TPU API has not been used in project 123 before or it is disabled. Enable it by visiting https://console.developers.google.com/apis/api/tpu.googleapis.com/overview?project=123 then retry.', 'api-disabled', /gcloud services enable tpu\.googleapis\.com --project my-project/],
  [7, 'This API method requires billing to be enabled. Please enable billing on project #my-project', 'billing', /Link a billing account: https:\/\/console\.cloud\.google\.com\/billing/],
  [9, 'The billing account for the owning project is disabled in state absent', 'billing', /billing is off/],
  [7, "Permission denied on resource project my-projct.", 'project', /does not exist, or your account cannot see it\. Name another with --project/],
  [5, "Project 'projects/my-project' not found or deleted.", 'project', /--project/],
  [16, 'Request had invalid authentication credentials. Expected OAuth 2 access token', 'credentials', /expired or was revoked\. Run `gcloud auth application-default login`/],
  [undefined, 'Could not load the default credentials. Browse to https://cloud.google.com/docs/authentication/getting-started for more information.', 'credentials', /no credentials were found\. Run `gcloud auth application-default login`/],
  ['400', 'invalid_grant: Token has been expired or revoked.', 'credentials', /application-default login/],
  [undefined, '{"error":"invalid_grant","error_description":"reauth related error (invalid_rapt)"}', 'credentials', /application-default login/],
  [3, 'Invalid value for runtime version "v2-alpha-tpuv9"', 'invalid', /does not know this runtime version\. Name another with --runtime/],
  [3, 'acceleratorType "v5litepod-7" is not supported in zone us-west4-a', 'invalid', /does not have this type\. List zones with/],
  [3, 'The network "default" does not exist', 'invalid', /Name one with --network and --subnetwork/],
  [9, 'Constraint constraints/compute.vmExternalIpAccess violated for project', 'invalid', /forbids external addresses\. Use --internal-ip/],
  [5, 'Reservation projects/my-project/reservations/r1 was not found', 'invalid', /no such reservation in this zone/],
  [3, 'Service account x@y.iam.gserviceaccount.com does not exist', 'invalid', /Name another with --service-account/],
  [6, "Resource 'projects/my-project/locations/us-west4-a/nodes/a' already exists", 'exists', /the name is taken/],
  [5, "Resource 'projects/my-project/locations/us-west4-a/nodes/a' was not found", 'not-found', /it does not exist\. List what there is/],
  [9, 'Node is in state CREATING and cannot be deleted', 'busy', /changing its state/],
  [10, 'There is another operation in progress on this resource', 'busy', /run the command again/],
  [14, 'No connection established. Last error: connect ECONNREFUSED 1.2.3.4:443', 'unavailable', /did not answer, or failed, more than once\. Check the network/],
  [4, 'Deadline exceeded after 60.0s', 'unavailable', /Check the network/],
  [13, 'an internal error has occurred', 'unavailable', /failed/],
  [undefined, 'getaddrinfo ENOTFOUND oauth2.googleapis.com', 'unavailable', /cannot be reached\. Check the network/],
  [3, 'Invalid JSON payload', 'invalid', /rejects the request\. Correct what it names/],
  [2, 'something nobody has seen', 'unknown', /Try again, or look it up \(code 2: something nobody has seen\)/],
] // prettier-ignore

test('each failure is one line that says what to do', () => {
  assert.ok(CASES.length >= 30)
  for (const [code, message, kind, words] of CASES) {
    const error = classify({ code, message: `${message}\n    at stack (file.js:1:1)` }, context)
    assert.equal(error.kind, kind, `${message}: ${error.message}`)
    assert.match(error.message, /^cannot create the TPU "a" in us-west4-a: [^\n]+$/)
    assert.match(error.message, words)
  }
})

test('a reason that the service names decides before the text does', () => {
  const failure = { code: 7, message: 'nothing that tells', reason: 'SERVICE_DISABLED' }
  assert.equal(classify(failure, context).kind, 'api-disabled')
})

test('no credential gets into a message', () => {
  const secrets = [
    'ya29.a0AfH6SMBx-secret',
    '"refresh_token": "1//0gabcdefghijklmnopqrstuvwxyz-secret"',
    'Authorization: Bearer abc-secret',
    '-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----',
    'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJzZWNyZXQifQ.secret-secret',
    'client_secret=GOCSPX-secret',
  ]
  for (const secret of secrets) {
    assert.doesNotMatch(withoutSecrets(secret), /secret$|secret[\n"]|GOCSPX/, secret)
    assert.doesNotMatch(classify({ code: 16, message: `bad ${secret}` }, context).message, /-secret/)
  }
})
