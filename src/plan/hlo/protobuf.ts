/** Reading and writing protobuf messages: what the readers of HLO share. */
export * from '../../files/protobuf.js'
