/** Tells Stryker to leave the facts of an invariant alone: they are for whoever reads the message, and change nothing. */
export const strykerPlugins = [
  {
    kind: 'Ignore',
    name: 'facts',
    value: {
      shouldIgnore({ node, parent }) {
        const isFacts =
          node.type === 'ObjectExpression' &&
          parent?.type === 'CallExpression' &&
          parent.callee.name === 'invariant'
        return isFacts ? 'facts of an invariant' : undefined
      },
    },
  },
]
