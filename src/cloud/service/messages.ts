/** Requests and answers of the Cloud TPU service, between its messages and neomesh's records. */
import type { Labels } from '../names.js'
import type { Node, NodeSpec, QueuedResource, QueuedSpec } from './types.js'

/** A node as the service takes it. */
export function nodeRequest(spec: NodeSpec) {
  return {
    ...spec,
    metadata: { ...spec.metadata },
    labels: { ...spec.labels },
    serviceAccount: spec.serviceAccount && { ...spec.serviceAccount, scope: [...spec.serviceAccount.scope] },
    tags: spec.tags && [...spec.tags],
    dataDisks: spec.dataDisks?.map((disk) => ({ ...disk })),
  }
}

/** The request as the service takes it; `--dry-run` prints it. */
export function queuedRequest(parent: string, name: string, spec: QueuedSpec, requestId: string) {
  const { tier, reservationName, validFor } = spec
  return {
    parent,
    queuedResourceId: name,
    requestId,
    queuedResource: {
      tpu: { nodeSpec: [{ parent, nodeId: spec.nodeId, node: nodeRequest(spec.node) }] },
      ...(tier === 'spot' && { spot: {} }),
      ...(tier === 'guaranteed' && { guaranteed: {} }),
      ...(reservationName !== undefined && { reservationName }),
      ...(validFor !== undefined && { queueingPolicy: { validUntilDuration: { seconds: Math.ceil(validFor) } } }),
    },
  }
}

type RawNode = import('@google-cloud/tpu').protos.google.cloud.tpu.v2.INode
type RawQueued = import('@google-cloud/tpu').protos.google.cloud.tpu.v2.IQueuedResource

export function asNode(raw: RawNode): Node {
  return {
    name: raw.name ?? '',
    acceleratorType: raw.acceleratorType ?? '',
    runtimeVersion: raw.runtimeVersion ?? '',
    labels: (raw.labels ?? {}) as Labels,
    metadata: (raw.metadata ?? {}) as Labels,
    schedulingConfig: { spot: raw.schedulingConfig?.spot ?? false, reserved: raw.schedulingConfig?.reserved ?? false },
    state: (raw.state ?? 'STATE_UNSPECIFIED') as Node['state'],
    health: String(raw.health ?? ''),
    healthDescription: raw.healthDescription ?? '',
    symptoms: (raw.symptoms ?? []).map(({ symptomType, details, workerId }) => ({
      symptomType: String(symptomType ?? ''),
      details: details ?? '',
      workerId: workerId ?? '',
    })),
    networkEndpoints: (raw.networkEndpoints ?? []).map(({ ipAddress, accessConfig }) => ({
      ipAddress: ipAddress ?? '',
      accessConfig: { externalIp: accessConfig?.externalIp ?? undefined },
    })),
    createTime: secondsOf(raw.createTime),
    queuedResource: raw.queuedResource ?? '',
  }
}

export function asQueued(raw: RawQueued): QueuedResource {
  const { error } = raw.state?.failedData ?? {}
  return {
    name: raw.name ?? '',
    state: (raw.state?.state ?? 'STATE_UNSPECIFIED') as QueuedResource['state'],
    error: error ? { code: error.code ?? 2, message: error.message ?? '' } : null,
    initiator: String(raw.state?.stateInitiator ?? ''),
    nodes: (raw.tpu?.nodeSpec ?? []).map(({ nodeId, node }) => ({
      nodeId: nodeId ?? '',
      labels: (node?.labels ?? {}) as Labels,
      acceleratorType: node?.acceleratorType ?? '',
    })),
    createTime: secondsOf(raw.createTime),
  }
}

function secondsOf(time: { seconds?: unknown } | null | undefined): number | null {
  return time?.seconds === undefined || time.seconds === null ? null : Number(time.seconds)
}
