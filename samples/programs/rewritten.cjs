// A program as it is after rewriting (docs/lines.md), made by hand: every operation runs in a helper at the
// end of the file that is named after its line and column. The functions are told by their names.
const keep = globalThis.keep = []
function Point(i) { this.x = i; this.y = [i] }
function points(n) {
  for (let i = 0; i < n; i++) {
    $tm7_5(keep, $tm7_15(Point, i))
    $tm8_5(keep, $tm8_15(i))
  }
}
function deep(n) {
  if (n > 0) return $tm12_21(deep, n - 1)
  $tm13_3(points, 20000)
}
function triple(i) { return $tm15_29(i) }
function triples(n) { for (let i = 0; i < n; i++) $tm16_49(keep, $tm16_59(triple, i)) }
$tm17_1(deep, 3)
$tm18_1(triples, 20000)
function $tm7_5(a0, a1) { return a0.push(a1) }
function $tm7_15(a0, a1) { return new a0(a1) }
function $tm8_5(a0, a1) { return a0.push(a1) }
function $tm8_15(a1) { return { x: a1, y: 'a' + a1 } }
function $tm12_21(a0, a1) { return a0(a1) }
function $tm13_3(a0, a1) { return a0(a1) }
function $tm15_29(a0) { return [a0, a0, a0] }
function $tm16_49(a0, a1) { return a0.push(a1) }
function $tm16_59(a0, a1) { return a0(a1) }
function $tm17_1(a0, a1) { return a0(a1) }
function $tm18_1(a0, a1) { return a0(a1) }
