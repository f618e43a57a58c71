/**
 * The Promela models: the quick part is explored where Spin is installed, and the command's own judgement is right anywhere.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test from 'ava'
import { importScript, readText, repositoryFiles } from '../support/house.js'

interface Run {
  readonly model: string
  readonly sizes: string
  readonly bits?: boolean
  readonly mutant?: { readonly name: string }
}

interface Report {
  readonly states: number
  readonly errors: number
}

interface ModelScript {
  whatIsMissing(run?: () => Promise<{ code: number }>): Promise<string | null>
  plan(level: string): Run[]
  readReport(text: string): Report
  verdict(run: Run, report: Report, timedOut: boolean): { good: boolean; word: string }
  explore(run: Run, scratch: string): Promise<{ report: Report; timedOut: boolean }>
}

interface ModelTable {
  readonly models: readonly { name: string; mutants: readonly { name: string; sizes: string }[] }[]
}

const script = await importScript<ModelScript>('model.mjs')
const { models } = await importScript<ModelTable>('models.mjs')
const proof: Run = { model: 'recovery', sizes: 'NM=2' }
const mutant: Run = { ...proof, mutant: { name: 'NOBUMP' } }

test('[HO21] the quick models hold and their mutants are found', async (t) => {
  const missing = await script.whatIsMissing()
  if (missing !== null) {
    t.log(`not run: ${missing}`)
    t.regex(missing, /install/)
    return
  }
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'katydid-model-'))
  t.teardown(() => fs.rmSync(scratch, { recursive: true }))

  for (const run of script.plan('quick')) {
    const { report, timedOut } = await script.explore(run, scratch)

    const { good, word } = script.verdict(run, report, timedOut)
    t.true(good, `${run.model} ${run.sizes} ${run.mutant?.name ?? ''}: ${word}`)
    t.true(report.states > 0)
  }
})

test('[HO21] where a tool is missing the sentence says how to install it', async (t) => {
  const missing = await script.whatIsMissing(() => Promise.resolve({ code: -1 }))

  t.regex(missing ?? '', /Spin is not installed.*apt-get install spin/)
})

test('[HO22] only a search that came to its end without an error is a proof', (t) => {
  const whole = 'State-vector 132 byte, depth reached 45, errors: 0\n   302013 states, stored\n'
  const judge = (text: string, run = proof, timedOut = false): boolean =>
    script.verdict(run, script.readReport(text), timedOut).good

  t.true(judge(whole))
  t.false(judge(whole, proof, true))
  t.false(judge(`error: max search depth too small\n${whole}`))
  t.false(judge(`pan: reached -DMEMLIM bound\n${whole}`))
  t.false(judge(`Warning: Search not completed\n${whole}`))
  t.false(judge(whole.replace('errors: 0', 'errors: 1')))
  t.false(judge('Segmentation fault'))
})

test('[HO22] a mutant is found by an error, and by nothing else', (t) => {
  const whole = 'State-vector 132 byte, depth reached 45, errors: 0\n   302013 states, stored\n'
  const judge = (text: string): boolean =>
    script.verdict(mutant, script.readReport(text), false).good

  t.true(judge(whole.replace('errors: 0', 'errors: 1')))
  t.false(judge(whole))
  t.false(judge('Segmentation fault'))
  t.false(judge(`Warning: Search not completed\n${whole}`))
})

test('[HO22] the table and the models have the same mutants', (t) => {
  for (const { name, mutants } of models) {
    const text = sourcesOf(name).map(readText).join('')
    // Sizes and features have a default or are asked for by a configuration; all else that is asked about is a mutant.
    const asked = new Set(
      [...text.matchAll(/^#(?:ifn?def |elif defined\()(\w+)/gm)].map(([, word = '']) => word),
    )
    const sized = new Set(
      script
        .plan('full')
        .filter((run) => run.model === name)
        .flatMap(({ sizes }) => sizes.split(' ').map((size) => size.replace(/=.*/, ''))),
    )
    const defaults = [...text.matchAll(/^#ifndef (\w+)\n#define \1 /gm)].map(
      ([, word = '']) => word,
    )

    const inModel = [...asked].filter((word) => !sized.has(word) && !defaults.includes(word))

    t.deepEqual(inModel.sort(), mutants.map((each) => each.name).sort(), name)
  }
})

/** A model and what it includes. */
function sourcesOf(name: string): string[] {
  return repositoryFiles().filter(
    (file) => /^tests\/model\/[\w-]+\.pml$/.test(file) && file.includes(`/${name}`),
  )
}
