/** The protocol of the Cloud TPU service, from the .proto files of Google's own packages. */
import { loadPackageDefinition, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)
const tpu = dirname(require.resolve('@google-cloud/tpu/package.json'))
const gax = dirname(createRequire(join(tpu, 'package.json')).resolve('google-gax/package.json'))
const folders = [join(tpu, 'build/protos'), join(gax, 'build/protos')]

const definition = loadSync(
  ['google/cloud/tpu/v2/cloud_tpu.proto', 'google/longrunning/operations.proto', 'google/rpc/error_details.proto'],
  { includeDirs: folders, enums: String, longs: Number, defaults: false, keepCase: false, oneofs: true },
)

interface Service {
  readonly service: ServiceDefinition<UntypedServiceImplementation>
}
interface Packages {
  readonly google: {
    readonly cloud: { readonly tpu: { readonly v2: { readonly Tpu: Service } } }
    readonly longrunning: { readonly Operations: Service }
  }
}

const { google } = loadPackageDefinition(definition) as unknown as Packages
export const tpuService = google.cloud.tpu.v2.Tpu.service
export const operationsService = google.longrunning.Operations.service
