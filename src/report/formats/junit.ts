// JUnit's XML, one test case a finding; what cannot be judged is an error.
import type { Outcome } from '../../check/budgets.ts'
import { visible } from '../../text/escape.ts'
import { type CheckReport, measuredText } from '../check.ts'

export function* write({ findings }: CheckReport): Generator<string> {
  const count = (outcome: Outcome) => findings.filter(f => f.outcome === outcome).length
  yield '<?xml version="1.0" encoding="UTF-8"?>'
  yield `<testsuites><testsuite name="tracemalloc" tests="${findings.length}" failures="${count('fail')}" errors="${count('unknown')}">`
  for (const finding of findings) {
    const open = `<testcase classname="tracemalloc" name="${xml(`${finding.kind} of ${finding.budget}`)}"`
    if (finding.outcome === 'pass') {
      yield `${open}/>`
      continue
    }
    const tag = finding.outcome === 'fail' ? 'failure' : 'error'
    const text = [finding.advice ?? '', ...finding.rows.map(row => `${row.statistic}`)].filter(Boolean)
    yield `${open}><${tag} message="${xml(measuredText(finding))}">${text.map(xml).join('\n')}</${tag}></testcase>`
  }
  yield '</testsuite></testsuites>'
}

function xml(text: string): string {
  return visible(text).replace(/[&<>"']/g, c => `&#${c.charCodeAt(0)};`)
}
