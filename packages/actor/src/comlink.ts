/**
 * The one place that names comlink. Its build for Node is a CommonJS module, whose exports arrive as a default that its types
 * do not declare; both sides of a control port must have the same copy.
 */
// oxlint-disable import/default, import/no-named-as-default-member
import comlink from 'comlink'
import nodeAdapter from 'comlink/dist/umd/node-adapter.js'

export const { expose, transfer, wrap } = comlink

/** Makes a MessagePort an endpoint of comlink's. The types describe an ES module; what Node loads is the function itself. */
export const nodeEndpoint = nodeAdapter as unknown as typeof nodeAdapter.default
