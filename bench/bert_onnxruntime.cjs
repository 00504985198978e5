// Forward passes of BERT in ONNX Runtime for compare_bert.py: node bert_onnxruntime.cjs '{"package": ..., ...}'
// prints {"median_ms":...,"min_ms":...,"pooled":[...],"version":...}.
const work = JSON.parse(process.argv[2]);
const ort = require(work.package);

(async () => {
  const session = await ort.InferenceSession.create(work.model, {
    intraOpNumThreads: work.threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
  });
  const ids = new ort.Tensor('int64', BigInt64Array.from(work.ids, BigInt), [1, work.ids.length]);
  let pooled;
  for (let i = 0; i < 3; ++i) pooled = (await session.run({ids})).pooled.data;
  const times = [];
  for (let i = 0; i < work.repeat; ++i) {
    const start = process.hrtime.bigint();
    await session.run({ids});
    times.push(Number(process.hrtime.bigint() - start) / 1e6);
  }
  times.sort((a, b) => a - b);
  const half = times.length >> 1;
  const median = times.length % 2 ? times[half] : (times[half - 1] + times[half]) / 2;
  const version = require(`${work.package}/package.json`).version;
  console.log(JSON.stringify({median_ms: median, min_ms: times[0], pooled: Array.from(pooled), version}));
})();
