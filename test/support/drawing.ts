// The drawing of rooms in docs/architecture.md, made from the imports.
import { filesIn, roomOf, targetsOf } from './imports.ts'

/**
 * A Mermaid flow chart, the top of the house first. An arrow means "imports". Where a room is reached by a longer way too, the
 * direct arrow is left out.
 */
export function drawing(): string {
  const rooms = new Map<string, Set<string>>()
  for (const path of filesIn('src', 'converters')) {
    const from = roomOf(path)
    const targets = rooms.get(from) ?? new Set()
    rooms.set(from, targets)
    for (const to of targetsOf(path).map(roomOf)) if (to !== from) targets.add(to)
  }
  const below = new Map<string, Set<string>>()
  const allBelow = (room: string): Set<string> => {
    const known = below.get(room)
    if (known) return known
    const direct = [...(rooms.get(room) ?? [])]
    const all = new Set([...direct, ...direct.flatMap(to => [...allBelow(to)])])
    below.set(room, all)
    return all
  }
  const floorOf = (room: string): number => 1 + Math.max(-1, ...[...allBelow(room)].map(floorOf))
  const sorted = [...rooms.keys()].sort((a, b) => floorOf(b) - floorOf(a) || (a < b ? -1 : 1))
  const lines = sorted.flatMap(room => {
    const direct = [...(rooms.get(room) ?? [])]
    const drawn = direct.filter(to => !direct.some(between => allBelow(between).has(to)))
    return drawn.length > 0 ? [`  ${room} --> ${drawn.sort().join(' & ')}`] : []
  })
  return ['```mermaid', 'flowchart TD', ...lines, '```'].join('\n')
}
