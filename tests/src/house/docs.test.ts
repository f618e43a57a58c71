/**
 * The documents lead where they say they do, and the generated ones are fresh.
 */
import fs from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { importScript, readText, repositoryFiles, root } from '../support/house.js'

const pages = repositoryFiles().filter((file) => file.endsWith('.md'))

test('[HO13] every relative link leads to a file', (t) => {
  const broken = pages.flatMap((page) =>
    linksOf(page)
      .filter(({ target }) => !fs.existsSync(path.join(root, target)))
      .map(({ link }) => `${page}: ${link}`),
  )

  t.deepEqual(broken, [], 'mend the link, or write the page it wants')
})

test('[HO13] every anchor leads to a heading', (t) => {
  const broken = pages.flatMap((page) =>
    linksOf(page)
      .filter(({ target, anchor }) => anchor !== undefined && target.endsWith('.md'))
      .filter(({ target, anchor = '' }) => isFile(target) && !anchorsOf(target).includes(anchor))
      .map(({ link }) => `${page}: ${link}`),
  )

  t.deepEqual(
    broken,
    [],
    'mend the anchor: a heading in lower case, spaces as hyphens, no punctuation',
  )
})

test('[HO15] the reference pages are what abi generates', async (t) => {
  const { stalePages } = await importScript<{ stalePages: () => string[] }>('docs.mjs')

  t.deepEqual(stalePages(), [], 'run `npm run docs` and commit the pages')
})

interface Link {
  readonly link: string
  readonly target: string
  readonly anchor: string | undefined
}

function linksOf(page: string): Link[] {
  const text = readText(page).replace(/```[\s\S]*?```|`[^`\n]*`/g, '')
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => {
      const [file = '', anchor] = link.split('#')
      const target = file === '' ? page : path.posix.join(path.posix.dirname(page), file)
      return { link, target, anchor }
    })
}

function anchorsOf(page: string): string[] {
  return [...readText(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

function isFile(target: string): boolean {
  return fs.statSync(path.join(root, target), { throwIfNoEntry: false })?.isFile() ?? false
}
