// The stages of external_worker.py, in JavaScript. Usage: external_worker.mjs CLIENT_FOLDER URL ONE_IN
const [, , folder, url, oneIn] = process.argv;
const { Reject, Retry, Worker } = await import(`${folder}/millrace.mjs`);

const perhapsDie = () => {
  if (Number(oneIn) > 0 && Math.random() * Number(oneIn) < 1) process.kill(process.pid, 'SIGKILL');
};

const worker = new Worker(url, { log: () => {} });
worker.stage('thumbnails/resize', { batch: 32, lease: '2s', wait: '1s' }, (images) =>
  images.map((image) => {
    perhapsDie();
    if (image.payload.bytes === 0) return new Reject('an empty image');
    if (image.payload.slow && image.attempt === 1) return new Retry({ after: '50ms', reason: 'slow today' });
    return { owner: image.payload.owner, number: image.payload.number };
  }),
);
worker.stage('thumbnails/count', { lease: '2s', wait: '1s', state: true }, async (image, state) => {
  perhapsDie();
  const seen = (state?.seen ?? 0) + 1;
  return [{ owner: image.key, number: image.payload.number, seen }, { seen }];
});
await worker.run();
