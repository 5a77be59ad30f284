// Keys of the objects that programs put around a profile: the answer of the protocol, of a client, of
// `returnByValue`.
export const WRAPPERS = ['profile', 'result', 'value', 'data', 'response', 'message', 'heapProfile'] as const
