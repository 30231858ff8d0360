export { Cluster, type ClusterOptions } from './cluster.js'
export { Coordinator, type CoordinatorOptions } from './coordinator.js'
export { ClusterError, Member, type MemberOptions } from './member.js'
export { findPlace, type Place, type PlaceOptions } from './place.js'
