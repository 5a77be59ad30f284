// Takes results out of the protocol's messages without parsing them.

/** The result of an answer as text: `{"id":7,"result":{...}}`. Undefined for anything else. */
export function resultText(message: string): { id: number; text: string } | undefined {
  const head = /^\{"id":(\d+),"result":/.exec(message.slice(0, 64))
  const tail = /\}(,"sessionId":"[^"]*")?\}$/.exec(message.slice(-256))
  if (!head || !tail) return undefined
  return { id: Number(head[1]), text: message.slice(head[0].length, message.length - tail[0].length + 1) }
}
