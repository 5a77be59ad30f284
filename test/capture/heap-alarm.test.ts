import { describe, expect, it } from 'vitest'
import { HeapAlarm } from '../../src/capture/agent/heap-alarm.ts'

const MB = 2 ** 20

describe('the heap alarm', () => {
  it('looks oftener the smaller the heap may be', () => {
    expect(new HeapAlarm(64 * MB, false).pollTime).toBeCloseTo(16.8, 0)
    expect(new HeapAlarm(4096 * MB, false).pollTime).toBe(250)
    expect(new HeapAlarm(1, false).pollTime).toBe(10)
  })

  it('asks for the heap when RSS has risen by a fiftieth of the limit', () => {
    const alarm = new HeapAlarm(100 * MB, false)
    expect(alarm.isRising(50 * MB)).toBe(true) // nothing seen yet
    alarm.see(0, 50 * MB, 10 * MB)
    expect(alarm.isRising(52 * MB)).toBe(false)
    expect(alarm.isRising(53 * MB)).toBe(true)
  })

  it('takes a snapshot at 85 %, and the next only after more growth', () => {
    const alarm = new HeapAlarm(100 * MB, false)
    alarm.see(0, 1, 10 * MB)
    expect(alarm.see(100_000, 1, 84 * MB)).toBeUndefined()
    expect(alarm.see(200_000, 1, 86 * MB)).toBe('near the heap limit')
    alarm.noteRead(200_010, 10, { rss: 1, heapUsed: 85 * MB })
    expect(alarm.see(200_020, 1, 95 * MB)).toBeUndefined() // too soon
    expect(alarm.see(201_000, 1, 87 * MB)).toBeUndefined() // hardly more
    expect(alarm.see(201_000, 1, 95 * MB)).toBe('near the heap limit')
  })

  it('keeps quiet for a while after a false alarm', () => {
    const alarm = new HeapAlarm(100 * MB, false)
    alarm.see(0, 1, 10 * MB)
    expect(alarm.see(100_000, 1, 90 * MB)).toBe('near the heap limit')
    alarm.noteRead(100_010, 10, { rss: 1, heapUsed: 20 * MB }) // all garbage
    expect(alarm.see(110_000, 1, 90 * MB)).toBeUndefined()
    expect(alarm.see(161_000, 1, 90 * MB)).toBe('near the heap limit')
  })

  it('does not wait for 85 % when the heap fills too fast', () => {
    const alarm = new HeapAlarm(100 * MB, false)
    alarm.see(0, 1, 10 * MB)
    expect(alarm.see(100, 1, 39 * MB)).toBeUndefined()
    expect(alarm.see(200, 1, 45 * MB)).toBe('near the heap limit')
  })

  it('sees RSS rise where the heap does not', () => {
    const alarm = new HeapAlarm(4096 * MB, false)
    alarm.see(0, 100 * MB, 10 * MB)
    expect(alarm.see(10_000, 220 * MB, 10 * MB)).toBeUndefined()
    expect(alarm.see(20_000, 240 * MB, 10 * MB)).toBe('steep rise of RSS')
    alarm.noteRead(20_010, 10, { rss: 240 * MB, heapUsed: 10 * MB })
    expect(alarm.see(30_000, 340 * MB, 10 * MB)).toBeUndefined()
    expect(alarm.see(40_000, 380 * MB, 10 * MB)).toBe('steep rise of RSS')
  })

  it('follows the peak only when asked to, for a twentieth of the time', () => {
    expect(new HeapAlarm(4096 * MB, false).see(1000, 1, 50 * MB)).toBeUndefined()
    const alarm = new HeapAlarm(4096 * MB, true)
    expect(alarm.see(1000, 1, 50 * MB)).toBe('peak')
    alarm.noteRead(1100, 100, { heapUsed: 50 * MB })
    expect(alarm.see(3000, 1, 70 * MB)).toBeUndefined()
    expect(alarm.see(3101, 1, 51 * MB)).toBeUndefined()
    expect(alarm.see(3101, 1, 70 * MB)).toBe('peak')
    alarm.noteRead(3201, 100, { heapUsed: 70 * MB })
    expect(alarm.see(3202, 1, 106 * MB)).toBe('peak') // half as much again
    expect(alarm.heapPeak).toBe(106 * MB)
  })
})
