/** Trains a small model on the State of the Union addresses and samples from it. Usage: npm run train [-- STEPS] */
import * as neo from 'neomesh'

const steps = Number(process.argv[2] ?? 100)
const folder = 'runs/first'

const engine = await neo.openEngine()
const { config } = await neo.readModelConfig('configs/models/notebook.json', { changes: { train_steps: steps } })
const { tokenizer, tokenizerFile, dataset } = await neo.demoData({
  folder,
  vocabSize: config.n_vocab,
  contextLength: config.n_ctx,
})
const { samples, validation } = await neo.openSplits(dataset, {
  contextLength: config.n_ctx,
  vocabularySize: config.n_vocab,
})

const run = `${folder}/run`
for await (const event of neo.train({ engine, config, run, data: samples, validation, tokenizer: tokenizerFile })) {
  if (event.kind === 'step' && event.step % 10 === 0)
    console.log(`step ${event.step} of ${event.steps}: loss ${event.loss.toFixed(3)}`)
  if (event.kind === 'evaluation') console.log(`validation loss ${event.loss.toFixed(3)}`)
}

const model = await neo.loadModel(engine, run)
const prompt = tokenizer.encode('My fellow citizens,')
const ids = [...prompt]
for await (const [id] of neo.generate(model, [prompt], { maxTokens: 60, temperature: 0.7, topK: 40 }))
  if (id !== null) ids.push(id)
console.log(tokenizer.decode(ids))
await engine.close()
