/** The protocol of the Cloud TPU service, from the .proto files of Google's own packages, by the gRPC that these bring along. */
import type * as Grpc from '@grpc/grpc-js'
import type * as ProtoLoader from '@grpc/proto-loader'
import { createRequire } from 'node:module'
import { dirname, join } from '../../files/index.js'
import { CloudError } from '../error.js'
import { PACKAGE } from '../service/google.js'

interface Service {
  readonly service: Grpc.ServiceDefinition<Grpc.UntypedServiceImplementation>
}
interface Packages {
  readonly google: {
    readonly cloud: { readonly tpu: { readonly v2: { readonly Tpu: Service } } }
    readonly longrunning: { readonly Operations: Service }
  }
}

/** gRPC, and the definitions of the two services. Throws CloudError if Google's package is not installed. */
export function loadProtocol() {
  const { tpu, gax } = findPackages()
  const fromGax = createRequire(join(gax, 'package.json'))
  const grpc = fromGax('@grpc/grpc-js') as typeof Grpc
  const { loadSync } = fromGax('@grpc/proto-loader') as typeof ProtoLoader
  const definition = loadSync(
    ['google/cloud/tpu/v2/cloud_tpu.proto', 'google/longrunning/operations.proto', 'google/rpc/error_details.proto'],
    {
      includeDirs: [join(tpu, 'build/protos'), join(gax, 'build/protos')],
      enums: String,
      longs: Number,
      defaults: false,
      keepCase: false,
      oneofs: true,
    },
  )
  const { google } = grpc.loadPackageDefinition(definition) as unknown as Packages
  return { grpc, tpu: google.cloud.tpu.v2.Tpu.service, operations: google.longrunning.Operations.service }
}

function findPackages() {
  try {
    const tpu = dirname(createRequire(import.meta.url).resolve('@google-cloud/tpu/package.json'))
    return { tpu, gax: dirname(createRequire(join(tpu, 'package.json')).resolve('google-gax/package.json')) }
  } catch (cause) {
    throw new CloudError(
      'package',
      `the stand-in needs Google's package (it is not installed). Run: npm install ${PACKAGE}`,
      { cause },
    )
  }
}
