// preact: a page rendered on the server again and again.
import { h } from 'preact'
import { render } from 'preact-render-to-string'
import { serve } from '../host.mjs'

const Item = ({ n }) => h('li', { class: n % 2 ? 'odd' : 'even' }, n)
const Page = ({ items }) =>
  h(
    'ul',
    null,
    items.map(n => h(Item, { n, key: n })),
  )

serve(async i => render(h(Page, { items: Array.from({ length: 30 }, (_, k) => i + k) })))
