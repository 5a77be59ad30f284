// Part of main.ts: functions of every kind that a compiler maps in its own way.
export interface Row {
  id: number
  label: string
}

export class RowStore {
  private rows: Row[] = []

  addRow(id: number): Row {
    const row = { id, label: `row ${id}` }
    this.rows.push(row)
    return row
  }

  static createStore(): RowStore {
    return new RowStore()
  }

  fill = (count: number): void => {
    for (let i = 0; i < count; i++) this.addRow(i)
  }
}

export function buildIndex(count: number): Map<string, number[]> {
  const index = new Map<string, number[]>()
  for (let i = 0; i < count; i++) index.set(`key${i}`, [i, i + 1])
  return index
}

export const makeCells = (count: number): { x: number; y: number }[] => {
  const cells: { x: number; y: number }[] = []
  for (let i = 0; i < count; i++) cells.push({ x: i, y: i })
  return cells
}

export default async function loadPages(count: number) {
  await null
  return Array.from({ length: count }, function makePage(_, page) {
    return { page, text: ['page', page] }
  })
}
